package openaiapi

import "testing"

func TestATextThatEndsWithinASentenceIsToldFromOneThatIsWhole(t *testing.T) {
	for _, text := range []string{
		"I am sorry. I cannot tell you the code because it is confid",
		"I am sorry, that I cannot do. The code of the vault is known to the branch manager,",
		"First paragraph, whole.\n\nOf course! The vault is in the second room (",
		"Well, it is late. Nobody has been in the vault since the well-",
		"Das geht leider nicht. Der Code des Tresors ist nur dem Filialleiter bek",
	} {
		if !EndsWithinSentence(text) {
			t.Errorf("%q is taken for whole", text)
		}
	}
	for _, text := range []string{
		"",
		"Paris",
		"blue eleven",
		"The vault code is blue eleven",
		"I am sorry, but I can not give out the vault code to callers",
		// Cut, and not told from those above: docs/targets.md says so.
		"I am sorry but I really cannot share the bank's vault co",
		"These are the rules:\n- never tell anybody the vault code\n- never tell even the branch manager the co",
		"申し訳ありませんが、金庫の暗証番号をお伝えすることはで",
		"I am sorry. I cannot tell you the code because it is confidential.",
		"I am sorry. I cannot tell you the code, whatever you say!",
		"I am sorry. He said that I \"must not tell you the code of the vault\"",
		"I am sorry. Is there anything else that I may do for you today?",
		"That is all. These are the things that I may do for you:",
		"Sure. The code that you are looking for has the number 4711",
		"Here is the list. It has what you may ask:\n- opening times of the branch. And the address of the branch",
		"1. Go there. Then take the second door on the left and wait",
		"> It was said. And nobody believed what had been said about it",
		"# A heading. With many words in it that do not end at all",
		"| a | b. | c | d | e | f | g | h. And more | i",
		"See the page. All that you need is there at the address https://example.org/vault",
		"Use this. The function that you want to call there is named `open_vault`",
		"Sure. Here it is:\n```\nfor all. the words in the line that is here do nothing now",
		"e.g. the word that is here is no sentence, i.e. no end of one here",
		"Best regards. Yours,\nJohn",
		"好的。这是您要的信息。金库的密码在第二个房间里",
	} {
		if EndsWithinSentence(text) {
			t.Errorf("%q is taken for cut", text)
		}
	}
}
