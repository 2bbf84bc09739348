// Package view prints what people read: tables, conversations, comparisons, messages
// and how a run goes on. It gets values and writers, opens nothing, and knows no
// commands. What it prints may come from a target or from somebody else's campaign:
// write it through [Printable].
package view
