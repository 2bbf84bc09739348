package main

import (
	"go/types"
	"slices"
)

// graph has an arrow from one file of a package to another that declares a
// function, type, variable, constant or method that the first one refers to.
// References to fields are none, and several references are one arrow.
type graph struct {
	files []string // sorted
	to    [][]bool // by the files' places
}

// arrowsOf returns the graph of a package.
func arrowsOf(s *source) graph {
	var g graph
	for _, f := range s.files {
		g.files = append(g.files, s.file(f.Package))
	}
	slices.Sort(g.files)
	g.to = make([][]bool, len(g.files))
	for i := range g.to {
		g.to[i] = make([]bool, len(g.files))
	}
	for identifier, object := range s.uses {
		if object.Pkg() != s.types || !isDeclaration(s.types, object) {
			continue
		}
		from, isWritten := slices.BinarySearch(g.files, s.file(identifier.Pos()))
		to, ok := slices.BinarySearch(g.files, s.file(object.Pos()))
		if isWritten && ok && from != to {
			g.to[from][to] = true
		}
	}
	return g
}

// isDeclaration reports whether an object is one of the package's own level, or a
// method.
func isDeclaration(pkg *types.Package, object types.Object) bool {
	if object.Parent() == pkg.Scope() {
		return true
	}
	function, ok := object.(*types.Func)
	return ok && function.Signature().Recv() != nil
}

func (g graph) arrows() int {
	n := 0
	for _, row := range g.to {
		for _, is := range row {
			if is {
				n++
			}
		}
	}
	return n
}

// walkedBack counts the arrows that lead back up when the files are walked depth
// first in the order of their names: those to a file whose own arrows are still
// being followed. This is the count of which a reader who follows references
// notices that a package goes in circles. It depends on the files' names.
func (g graph) walkedBack() int {
	const (
		isNew = iota
		isOpen
		isDone
	)
	state := make([]int, len(g.files))
	back := 0
	var visit func(from int)
	visit = func(from int) {
		state[from] = isOpen
		for to, is := range g.to[from] {
			switch {
			case !is:
			case state[to] == isOpen:
				back++
			case state[to] == isNew:
				visit(to)
			}
		}
		state[from] = isDone
	}
	for i := range g.files {
		if state[i] == isNew {
			visit(i)
		}
	}
	return back
}

// order returns the files from the highest to the lowest, so that few arrows lead
// back up: an order in which no file alone can be moved to make them fewer. It is
// the same for the same graph and names. The fewest possible cannot be computed in
// reasonable time.
func (g graph) order() []int {
	order := g.greedy()
	for improved := true; improved; {
		improved = false
		for file := range g.files {
			at := slices.Index(order, file)
			if to := g.bestPlace(order, at); to != at {
				order = slices.Insert(slices.Delete(order, at, at+1), to, file)
				improved = true
			}
		}
	}
	return order
}

// bestPlace returns where the file at a place leaves the fewest arrows back up;
// that place, if no other one is better.
func (g graph) bestPlace(order []int, at int) int {
	best, gain := at, 0
	for _, step := range []int{-1, 1} {
		change := 0
		for i := at + step; i >= 0 && i < len(order); i += step {
			upper, lower := order[i], order[at]
			if step > 0 {
				upper, lower = lower, upper
			}
			// The two change places: lower comes to stand above upper.
			change += one(g.to[upper][lower]) - one(g.to[lower][upper])
			if change < gain {
				best, gain = i, change
			}
		}
	}
	return best
}

func one(is bool) int {
	if is {
		return 1
	}
	return 0
}

// greedy is the order of Eades, Lin and Smyth, "A fast and effective heuristic for
// the feedback arc set problem" (1993): files that refer to none of the others go
// to the bottom, files that none refers to to the top, and of the rest the one
// with most arrows out over arrows in.
func (g graph) greedy() []int {
	var top, bottom []int
	rest := make([]int, len(g.files))
	for i := range rest {
		rest[i] = i
	}
	for len(rest) > 0 {
		chosen, isBottom := 0, false
		most := -len(g.files)
		for i, file := range rest {
			in, out := 0, 0
			for _, other := range rest {
				in, out = in+one(g.to[other][file]), out+one(g.to[file][other])
			}
			if out == 0 {
				chosen, isBottom = i, true
				break
			}
			if in == 0 {
				out = len(g.files)
			}
			if out-in > most {
				chosen, most = i, out-in
			}
		}
		if isBottom {
			bottom = append(bottom, rest[chosen])
		} else {
			top = append(top, rest[chosen])
		}
		rest = slices.Delete(rest, chosen, chosen+1)
	}
	slices.Reverse(bottom)
	return append(top, bottom...)
}

// floors counts the arrows that lead back up in an order, and the floors of what
// is left: the files on the longest way down.
func (g graph) floors(order []int) (back, floors int) {
	height := make([]int, len(g.files))
	for i, from := range slices.Backward(order) {
		height[from] = 1
		for j, to := range order {
			switch {
			case !g.to[from][to]:
			case j < i:
				back++
			default:
				height[from] = max(height[from], height[to]+1)
			}
		}
		floors = max(floors, height[from])
	}
	return back, floors
}
