// Package speech holds the converters from text to speech and from speech to text.
// Their engines are programs on this machine, any command, and any endpoint with
// the OpenAI audio API.
//
// Each open converter caches its results: twenty trials with the same sentence
// synthesise it once.
package speech
