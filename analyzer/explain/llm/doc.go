// Package llm has a language model put the telling of an alert in other words.
//
// It is the only part of Seine that talks to anything: to a server with the API
// of Ollama, when asked to, and on this machine unless told otherwise. Only the
// alert goes out: its texts and its facts, neither flows nor the names of inputs.
//
// The model is not trusted, and neither is the alert, since an attacker may
// have written parts of it. Its fields go out as JSON, after instructions that
// call them data, cleaned of what is not text and of bounded length. The
// answer must have the form that was asked for; every number, time, address
// and name with a dot in it must occur in the alert, and nothing that looks
// like a link or a command may occur that did not. Whatever fails, the
// caller keeps the text that was there before: see [Model.Retell].
//
// What this cannot see is a wrong statement without numbers, such as that the
// finding is harmless. The command to look at the flows, the severity and the
// facts are never the model's.
package llm
