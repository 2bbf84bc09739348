// Package gemini implements the target "gemini": generateContent and
// streamGenerateContent of Google's Gemini API, of Vertex AI and of servers that are
// compatible with them.
//
// Requests are made of the types of the official SDK. They are sent, and replies are
// read, by this package: the methods of the SDK decode whole answers themselves, take
// one that was cut or that has no candidates for a reply, and lose a reply whose token
// counts have more than 32 bits.
package gemini
