package main

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// aligned lays rows of cells out in columns, each line after indent. The last
// column may be of any width.
func aligned(indent string, rows [][]string) string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		line := indent
		for i, cell := range row {
			line += cell
			if i < len(row)-1 {
				line += strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2)
			}
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

var (
	link   = regexp.MustCompile(`\[([^\]]+)\]\(([^)]+)\)`)
	marker = regexp.MustCompile(`^\s*(?:[-*+]|\d+\.)\s+`)
)

// inline drops the marks of Markdown within a line.
func inline(s string) string {
	s = link.ReplaceAllString(s, "$1 ($2)")
	return strings.NewReplacer("`", "", "**", "").Replace(s)
}

// plainText renders Markdown for a terminal: paragraphs are wrapped, headings
// stand alone in capitals, and code and tables stay as they are. The first
// heading, the title, is left out, and so are comments.
func plainText(markdown string, width int) string {
	var b, paragraph strings.Builder
	hang := ""
	flush := func() {
		if paragraph.Len() > 0 {
			b.WriteString(wrap(inline(paragraph.String()), hang, width))
			paragraph.Reset()
		}
		hang = ""
	}
	fenced, titled := false, false
	for line := range strings.Lines(markdown) {
		line = strings.TrimRight(line, " \t\r\n")
		text := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(text, "```"):
			flush()
			fenced = !fenced
		case fenced:
			b.WriteString("    " + line + "\n")
		case strings.HasPrefix(line, "    ") && paragraph.Len() == 0:
			b.WriteString(line + "\n")
		case strings.HasPrefix(text, "<!--") && strings.HasSuffix(text, "-->"):
			flush()
		case strings.HasPrefix(text, "# ") && !titled:
			titled = true
		case strings.HasPrefix(text, "#"):
			flush()
			b.WriteString(strings.ToUpper(inline(strings.TrimLeft(text, "# "))) + "\n")
		case strings.HasPrefix(text, "|"):
			flush()
			b.WriteString(inline(line) + "\n")
		case text == "":
			flush()
			if b.Len() > 0 && !strings.HasSuffix(b.String(), "\n\n") {
				b.WriteByte('\n')
			}
		default:
			if m := marker.FindString(line); m != "" {
				flush()
				hang = strings.Repeat(" ", len(m))
				paragraph.WriteString(line)
				continue
			}
			if paragraph.Len() > 0 {
				paragraph.WriteByte(' ')
			}
			paragraph.WriteString(text)
		}
	}
	flush()
	if text := strings.Trim(b.String(), "\n"); text != "" {
		return text + "\n"
	}
	return ""
}

// wrap breaks a paragraph at blanks into lines of at most width columns, if
// its words allow; hang is put before all lines but the first.
func wrap(text, hang string, width int) string {
	var b strings.Builder
	lead := text[:len(text)-len(strings.TrimLeft(text, " "))]
	b.WriteString(lead)
	used := len(lead)
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case used+1+n > width:
			b.WriteString("\n" + hang)
			used = len(hang)
		default:
			b.WriteByte(' ')
			used++
		}
		b.WriteString(word)
		used += n
	}
	return b.String() + "\n"
}
