package text_test

import (
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core/text"
)

func ExampleFold() {
	fmt.Println(text.Fold("Ｉ CAN’T\u200b  tell"))
	// Output: i can't tell
}

func ExampleVisible() {
	fmt.Println(text.Visible("\u200b\u00a0"), text.Visible("Hm."))
	// Output: false true
}

func ExampleSearch() {
	p := text.Search{}.Phrase("blue eleven")
	for _, said := range []string{"It is *Blue* eleven.", "It is blυe eleven.", "I cannot tell."} {
		m, ok := p.In(text.New(said))
		fmt.Printf("%t %q %s\n", ok, said[m.Start:m.End], m.Rule)
	}
	// Output:
	// true "Blue* eleven" without markup
	// true "blυe eleven" look-alike characters
	// false ""
}

func ExampleSkeleton() {
	fmt.Println(text.Skeleton("раypаl") == text.Skeleton("paypal"))
	// Output: true
}
