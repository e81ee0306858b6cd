package main

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"syscall"
	"unicode"

	"golang.org/x/term"
)

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// dumb reports whether the terminal cannot move its cursor.
func dumb() bool { return os.Getenv("TERM") == "dumb" }

// colored reports whether to write colours to f under --color choice.
func colored(f *os.File, choice string) bool {
	switch choice {
	case "always":
		return true
	case "never":
		return false
	}
	return isTerminal(f) && os.Getenv("NO_COLOR") == "" && !dumb()
}

// columnsOf is the width of the terminal f, or 0 if it is none or does not say.
func columnsOf(f *os.File) int {
	w, _, err := term.GetSize(int(f.Fd()))
	if err != nil || !isTerminal(f) {
		return 0
	}
	return max(w, 0)
}

// printable makes a text harmless for a terminal: names of files and values
// in them may have been chosen by others.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)) {
			return '\ufffd'
		}
		return r
	}, s)
}

// brokenPipe reports whether err says that the reader of a pipe has gone away.
func brokenPipe(err error) bool {
	var no syscall.Errno
	if runtime.GOOS == "windows" && errors.As(err, &no) {
		return no == 109 || no == 232 // ERROR_BROKEN_PIPE, ERROR_NO_DATA
	}
	return errors.Is(err, syscall.EPIPE)
}
