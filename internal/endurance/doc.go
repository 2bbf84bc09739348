// Package endurance says whether tests run in their long form: whole calendars,
// thousands of trials, minutes of waiting. It is for the tests of this repository.
//
// A test that has a short form runs it by default and the long one where [Wanted]
// reports true. A test without a short form calls [Only]. CONTRIBUTING.md names the
// command that runs all of them.
package endurance
