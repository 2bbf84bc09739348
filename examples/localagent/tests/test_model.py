"""Where an answer stops, and what is given on before that."""

import unittest

from model import Held


def through(stops: tuple[str, ...], *pieces: str) -> tuple[list[str], str, bool]:
    held = Held(stops)
    given = []
    for piece in pieces:
        given.append(held.add(piece))
        if held.stopped:
            break
    return given, held.rest(""), held.stopped


class Stops(unittest.TestCase):
    def test_without_a_stop_everything_is_given_at_once(self) -> None:
        self.assertEqual(through((), "a", "b"), (["a", "b"], "", False))

    def test_a_stop_over_several_pieces_is_found_and_left_out(self) -> None:
        self.assertEqual(through(("\nUser:",), "Yes.\nUs", "er: more"), (["Yes.", ""], "", True))

    def test_what_only_began_like_a_stop_is_given_after_all(self) -> None:
        self.assertEqual(through(("\nUser:",), "Yes.\nUs", "ually"), (["Yes.", "\nUsually"], "", False))
        self.assertEqual(through(("\nUser:",), "Yes.\nUs"), (["Yes."], "\nUs", False))

    def test_the_first_of_several_stops_counts(self) -> None:
        self.assertEqual(through(("two", "one"), "zero one two"), (["zero "], "", True))

    def test_a_stop_may_begin_within_what_was_kept(self) -> None:
        self.assertEqual(through(("aab",), "aa", "ab"), (["", "a"], "", True))

    def test_nothing_is_given_after_a_stop(self) -> None:
        held = Held(("END",))
        self.assertEqual((held.add("Yes.END of it"), held.rest("more")), ("Yes.", ""))
