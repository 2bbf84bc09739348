// Package review holds the scorer that leaves a reply to a person.
package review
