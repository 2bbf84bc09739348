// Package audio holds the converters that change sound: what a call goes
// through between the caller's mouth and the target's ear.
package audio
