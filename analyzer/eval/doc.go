// Package eval measures alerts against what is known of the traffic: how many
// of the bad hosts were found, how many of the good ones were accused, and
// how soon. The truth is a file that names hosts, or the labels of the flows.
package eval
