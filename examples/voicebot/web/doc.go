// Package web serves an agent as a web site does: a login form, a page with the
// conversation and a form to write into it, and the JSON endpoint that the page's
// script calls. Every form has a token against cross-site requests, which is valid
// once. The pages work without the script.
package web
