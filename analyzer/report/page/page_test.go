package page

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestAPageEscapesAndBalances(t *testing.T) {
	var out bytes.Buffer
	w := (&Page{Title: "</title><script>", Script: "let a = 1;"}).Begin(&out)
	w.Open("p", "class", "", "title", `"><b>`, "?hidden", "hidden", "?open", "")
	w.Text("a < b & c\u202e")
	w.Close("p")
	if err := w.End(); err != nil {
		t.Fatal(err)
	}
	doc := out.String()
	for _, want := range []string{
		"<title>&lt;/title&gt;&lt;script&gt;</title>", `<p title="&#34;&gt;&lt;b&gt;" hidden>a &lt; b &amp; c` + "\ufffd</p>", "let a = 1;</script></body></html>",
		`<html lang="en" class="nojs">`,
	} {
		if !strings.Contains(doc, want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestClosingWhatIsNotOpenPanics(t *testing.T) {
	w := (&Page{}).Begin(&bytes.Buffer{})
	w.Open("p")
	defer func() {
		if recover() == nil {
			t.Error("it went on")
		}
	}()
	w.Close("div")
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestAnErrorComesOutAtTheEnd(t *testing.T) {
	w := (&Page{}).Begin(full{})
	w.Text(strings.Repeat("x", 1<<20))
	if err := w.End(); err == nil {
		t.Error("no error")
	}
}

func TestThePolicyHasTheHashes(t *testing.T) {
	const empty = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" // of no bytes
	want := "default-src 'none'; script-src '" + empty + "'; style-src '" + empty + "'; img-src data:; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
	if got := Policy("", ""); got != want {
		t.Error(got)
	}
}
