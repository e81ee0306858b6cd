// Package page writes self-contained HTML pages: one file, nothing fetched,
// light and dark, printable, under a content security policy that lets nothing
// but the one style and the one script run that are part of it.
//
// A [Writer] keeps elements balanced and escapes whatever is text, so that no
// text, however hostile, becomes markup. There are no style attributes: what
// varies from place to place is a class, or an attribute of a drawing of
// package svg.
package page

import (
	"bufio"
	"crypto/sha256"
	_ "embed" // the style and the script are files, so that editors check them
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"seine/analyzer/report/svg"
)

var (
	//go:embed page.css
	baseStyle string
	//go:embed page.js
	baseScript string
)

// A Page says what goes around the content.
type Page struct {
	Title  string
	Lang   string // of the labels; empty: en
	Style  string // rules besides the common ones
	Script string // besides the common one; it must not hold "</script"
}

// Begin writes the head to w and opens the body.
func (p *Page) Begin(w io.Writer) *Writer {
	style := baseStyle + svg.Style + p.Style
	script := baseScript + p.Script
	lang := p.Lang
	if lang == "" {
		lang = "en"
	}
	out := &Writer{w: bufio.NewWriterSize(w, 64<<10)}
	out.raw("<!doctype html>\n")
	out.Open("html", "lang", lang, "class", "nojs")
	out.Open("head")
	out.void("meta", "charset", "utf-8")
	out.void("meta", "http-equiv", "Content-Security-Policy", "content", Policy(style, script))
	out.void("meta", "name", "viewport", "content", "width=device-width, initial-scale=1")
	out.void("meta", "name", "color-scheme", "content", "light dark")
	out.void("meta", "name", "referrer", "content", "no-referrer")
	out.void("link", "rel", "icon", "href", "data:,")
	out.Leaf("title", p.Title)
	out.raw("<style>" + style + "</style>")
	out.Close("head")
	out.Open("body")
	out.script = script
	return out
}

// Policy is the content security policy of a page with this style and script.
func Policy(style, script string) string {
	return "default-src 'none'; script-src '" + hash(script) + "'; style-src '" + hash(style) +
		"'; img-src data:; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// A Writer writes the content of a page.
type Writer struct {
	w      *bufio.Writer
	open   []string
	script string
}

func (w *Writer) raw(s string) { _, _ = w.w.WriteString(s) }

// Open opens an element; attributes are names and values in turn. An
// attribute whose name begins with "?" is written without a value, if its
// value is not empty; a class that is empty is left out.
func (w *Writer) Open(tag string, attributes ...string) {
	w.start(tag, attributes)
	w.open = append(w.open, tag)
}

func (w *Writer) start(tag string, attributes []string) {
	w.raw("<" + tag)
	for i := 0; i+1 < len(attributes); i += 2 {
		name, value := attributes[i], attributes[i+1]
		if flag, ok := strings.CutPrefix(name, "?"); ok {
			if value != "" {
				w.raw(" " + flag)
			}
			continue
		}
		if name == "class" && value == "" {
			continue
		}
		w.raw(" " + name + `="` + svg.Escape(value) + `"`)
	}
	w.raw(">")
}

func (w *Writer) void(tag string, attributes ...string) { w.start(tag, attributes) }

// Close closes the element opened last, which must be tag.
func (w *Writer) Close(tag string) {
	n := len(w.open) - 1
	if n < 0 || w.open[n] != tag {
		panic(fmt.Sprintf("page: closing %s within %v", tag, w.open))
	}
	w.open = w.open[:n]
	w.raw("</" + tag + ">")
	switch tag {
	case "section", "article", "li", "tr", "p", "details", "div", "head", "h1", "h2", "h3", "table":
		w.raw("\n")
	}
}

// Text writes a text.
func (w *Writer) Text(s string) { w.raw(svg.Escape(s)) }

// Leaf writes an element that holds a text.
func (w *Writer) Leaf(tag, text string, attributes ...string) {
	w.Open(tag, attributes...)
	w.Text(text)
	w.Close(tag)
}

// Input writes an input.
func (w *Writer) Input(attributes ...string) { w.void("input", attributes...) }

// Draw writes a drawing of package svg.
func (w *Writer) Draw(drawing string) { w.raw(drawing) }

// BeginData opens a block of JSON that the script can read under an id. What
// is written to the result must hold no "<", as JSON whose strings have it
// escaped.
func (w *Writer) BeginData(id string) io.Writer {
	w.raw(`<script type="application/json" id="` + svg.Escape(id) + `">`)
	return w.w
}

// EndData closes it.
func (w *Writer) EndData() { w.raw("</script>\n") }

// End writes the script and closes the page.
func (w *Writer) End() error {
	w.raw("<script>" + w.script + "</script>")
	w.Close("body")
	w.Close("html")
	w.raw("\n")
	return w.w.Flush()
}
