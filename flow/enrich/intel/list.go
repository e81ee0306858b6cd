package intel

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"

	"seine/flow"
)

var (
	plainList = &layout{name: "list", title: "list of addresses and prefixes", form: listForm}
	torExits  = &layout{name: "tor-exits", title: "exits of the Tor network (ExitNode, ExitAddress)", form: torForm}
	domains   = &layout{name: "domains", title: "list of domains", form: listForm}
	hosts     = &layout{name: "hosts", title: "hosts file that blocks domains", form: listForm}
	hashes    = &layout{name: "misp-hashes", title: "hashes of a MISP feed"}
)

// detectList tells whether most lines are addresses or domains.
func detectList(head []byte) (*layout, error) {
	if bytes.Contains(head, []byte("\nExitAddress ")) && bytes.Contains(head, []byte("ExitNode ")) {
		return torExits, nil
	}
	var addresses, names, blocked, hexes, others, comments int
	cut := len(head) >= flow.HeadSize-3
	for n := 0; len(head) > 0 && n < 1000; n++ {
		line, rest, whole := bytes.Cut(head, []byte("\n"))
		if head = rest; !whole && cut && n > 0 {
			break // it goes on behind what is known
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if isComment(line) {
			comments++
			continue
		}
		first, second := firstWord(line), secondWord(line)
		_, _, _, ok := endpoint(first)
		switch {
		case ok && isSink(first) && isDomain(second):
			blocked++
		case ok:
			addresses++
		case isDomain(first):
			names++
		case isMISPHash(line):
			hexes++
		default:
			others++
		}
	}
	all := addresses + names + blocked + hexes + others
	switch {
	case all == 0 && comments > 0:
		return plainList, nil // nothing is listed today
	case hexes > 0 && hexes == all:
		return hashes, nil
	case 2*others > all, all == 0, 2*hexes > all:
		return nil, errUnknown
	case blocked > addresses && blocked >= names:
		return hosts, nil
	case addresses == 0 && names >= 2*others:
		return domains, nil
	case addresses == 0:
		return nil, errUnknown
	}
	return plainList, nil
}

func isComment(line []byte) bool {
	return line[0] == '#' || line[0] == ';' || line[0] == '!' || bytes.HasPrefix(line, []byte("//"))
}

func isGap(c byte) bool { return c == ' ' || c == '\t' || c == ',' || c == ';' || c == '#' }

// nextWord cuts a word off, and the blanks and commas behind it.
func nextWord(line []byte) (word, rest []byte) {
	for i, c := range line {
		if isGap(c) {
			return unquote(line[:i]), bytes.TrimLeft(line[i:], " \t,")
		}
	}
	return unquote(line), nil
}

// firstWord is what a line begins with.
func firstWord(line []byte) []byte {
	word, _ := nextWord(line)
	return word
}

// secondWord is what follows, or nothing.
func secondWord(line []byte) []byte {
	_, rest := nextWord(line)
	return firstWord(rest)
}

// remark is what stands behind ; or # in the rest of a line.
func remark(rest []byte) []byte {
	if i := bytes.IndexAny(rest, ";#"); i >= 0 {
		if text := bytes.TrimSpace(rest[i+1:]); len(text) <= 64 {
			return text
		}
	}
	return nil
}

func unquote(w []byte) []byte {
	if n := len(w); n >= 2 && (w[0] == '"' || w[0] == '\'') && w[n-1] == w[0] {
		return w[1 : n-1]
	}
	return w
}

// isSink reports whether a word is an address that hosts files put domains on.
func isSink(w []byte) bool {
	switch string(w) {
	case "0.0.0.0", "127.0.0.1", "::1", "::", "0":
		return true
	}
	return false
}

// isDomain reports whether a word may be a domain, or a filter of one.
func isDomain(w []byte) bool {
	w = bytes.TrimPrefix(bytes.TrimPrefix(w, []byte("||")), []byte("*."))
	w = bytes.TrimRight(bytes.TrimLeft(w, "."), "^.")
	if string(w) == "localhost" {
		return true
	}
	if len(w) < 3 || len(w) > 255 || bytes.IndexByte(w, '.') < 0 {
		return false
	}
	letters := false
	for _, c := range w {
		switch {
		case c|0x20 >= 'a' && c|0x20 <= 'z', c >= 0x80:
			letters = true
		case c == '.' || c == '-' || c == '_' || c-'0' <= 9:
		default:
			return false
		}
	}
	return letters && w[len(w)-1]-'0' > 9
}

// isMISPHash reports whether a line is "hash,uuid" as in the index of a feed.
func isMISPHash(line []byte) bool {
	h, id, ok := bytes.Cut(line, []byte(","))
	if !ok || len(h) != 32 || len(id) != 36 {
		return false
	}
	_, err := strconv.ParseUint(string(h[:16]), 16, 64)
	return err == nil && id[8] == '-'
}

// lines calls f for each line of in, trimmed and not empty, with its number. A
// line that is too long is told as nil.
func (rd *reading) lines(in io.Reader, f func(n int, line []byte) error) error {
	br := bufio.NewReaderSize(in, 256<<10)
	var long []byte
	for n := 1; ; n++ {
		line, err := br.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			long = append(long[:0], line...)
			tooLong := false
			for err == bufio.ErrBufferFull {
				line, err = br.ReadSlice('\n')
				if tooLong = tooLong || len(long)+len(line) > rd.t.limits.line; !tooLong {
					long = append(long, line...)
				}
			}
			if line = long; tooLong {
				line = nil
				if e := f(n, nil); e != nil {
					return e
				}
			}
		}
		if err != nil && err != io.EOF {
			return err
		}
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if e := f(n, line); e != nil {
				return e
			}
		}
		if err == io.EOF {
			return nil
		}
	}
}

var errLine = errors.New("line too long")

// list reads lines that begin with an address, a prefix, a range, a domain.
func (rd *reading) list(in io.Reader) error {
	f, head := rd.f, header{}
	begun := false
	it := item{score: -1}
	begin := func() {
		begun = true
		rd.named(&head)
		if category := head.category(f.Name); category != "" {
			f.Category = category
			it.note.category = rd.t.words.text([]byte(category))
			it.benign = category == Benign
		}
	}
	err := rd.lines(in, func(n int, line []byte) error {
		if line == nil {
			f.bad(n, "", errLine.Error())
			return nil
		}
		if isComment(line) {
			head.comment(line, n)
			return nil
		}
		if !begun {
			begin()
		}
		it.line = n
		rd.entry(line, &it)
		return nil
	})
	if !begun {
		begin()
	}
	return err
}

// entry reads a line of a list.
func (rd *reading) entry(line []byte, it *item) {
	f := rd.f
	word, rest := nextWord(line)
	p, port, proto, ok := endpoint(word)
	if !ok {
		switch {
		case rd.ranges(line, it):
		case isDomain(word), bytes.Contains(word, []byte("://")):
			f.Domains++
		case f.Entries == 0 && f.Local == 0 && f.Bad == 0 && !bytes.ContainsAny(line, "0123456789:"):
			// The names of columns, as of DShield.
		default:
			f.bad(it.line, string(line), "no address, prefix or domain")
		}
		return
	}
	it.note.tags = 0
	if len(rest) > 0 {
		if rd.ranges(line, it) {
			return
		}
		if isSink(word) && isDomain(firstWord(rest)) {
			f.Domains++
			return
		}
		if text := remark(rest); len(text) > 0 {
			it.note.tags = rd.t.words.text(text)
		}
	}
	it.port, it.proto = port, proto
	rd.t.add(p, f, it)
	// Several addresses on one line, as "198.51.100.1, 198.51.100.2".
	for len(rest) > 0 && !isComment(rest) {
		if word, rest = nextWord(rest); len(word) == 0 {
			return
		}
		if p, port, proto, ok = endpoint(word); !ok {
			return
		}
		it.port, it.proto = port, proto
		rd.t.add(p, f, it)
	}
}

// tor reads the list of exits that the Tor project keeps.
func (rd *reading) tor(in io.Reader) error {
	rd.f.Category = TorExit
	it := item{score: -1}
	it.note.category = rd.t.words.text([]byte(TorExit))
	return rd.lines(in, func(n int, line []byte) error {
		words := bytes.Fields(line[:min(len(line), 200)])
		if len(words) == 0 {
			return nil
		}
		switch string(words[0]) {
		case "ExitNode", "Published", "LastStatus":
			return nil
		case "ExitAddress":
		default:
			if !isComment(line) {
				rd.f.bad(n, string(line), "no line of a list of Tor exits")
			}
			return nil
		}
		if len(words) < 2 {
			rd.f.bad(n, string(line), "no address")
			return nil
		}
		a, err := flow.ParseAddr(words[1])
		if err != nil || a.IsName() {
			rd.f.bad(n, string(line), "no address")
			return nil
		}
		it.line, it.date, it.last = n, 0, 0
		if len(words) >= 4 {
			if t, ok := when(append(append(append([]byte{}, words[2]...), ' '), words[3]...)); ok {
				it.date, it.last = t, t
				rd.f.dated(t)
			}
		}
		rd.t.addSingle(a, rd.f, &it)
		return nil
	})
}
