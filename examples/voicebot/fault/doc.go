// Package fault plans how the practice target misbehaves over HTTP, and delivers
// replies that are cut, held back or broken. Its kinds are those of package
// realtimetest where both have them, so that one flag is for all.
package fault
