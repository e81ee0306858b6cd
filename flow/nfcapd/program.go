package nfcapd

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"seine/flow"
)

// columnTags are what is asked for, by nfdump's own words.
var columnTags = []string{"ts", "te", "pr", "sa", "sp", "da", "dp", "flg", "ipkt", "ibyt", "opkt", "obyt", "fl"}

// arguments are those that the program is given: no headings and no summary,
// numbers unscaled, IPv6 addresses unabridged. name begins with no hyphen.
func arguments(name string) []string {
	return []string{"-r", name, "-q", "-N", "-6", "-o", "fmt:%" + strings.Join(columnTags, "|%")}
}

// find is the path of the program.
func find() (string, error) {
	path, err := exec.LookPath("nfdump")
	if err != nil {
		return "", fmt.Errorf("binary files of nfdump are read through the program nfdump, which was not found (%w); "+
			"install the package nfdump (apt, dnf, brew), or export where it is: \"TZ=UTC nfdump -r FILE -o json\"", err)
	}
	return path, nil
}

// file is a name under which the program can open src: its own, or that of a
// temporary copy for what comes through a pipe or is compressed.
func file(src *flow.Source) (name string, spooled bool, err error) {
	path, err := src.Path()
	if err != nil {
		return "", false, err
	}
	if path != "" {
		// A whole path cannot be taken for an option, nor "-" for the
		// standard input.
		name, err := filepath.Abs(path)
		return name, false, err
	}
	stream, err := src.Reader()
	if err != nil {
		return "", false, err
	}
	f, err := os.CreateTemp("", "seine-nfcapd-*")
	if err != nil {
		return "", false, err
	}
	_, err = io.Copy(f, stream)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
		return "", false, fmt.Errorf("spooling to a temporary file: %w", err)
	}
	return f.Name(), true, nil
}

// A child is the program at work.
type child struct {
	cmd   *exec.Cmd
	out   io.Reader
	spool string // a file to remove when done
	said  complaint
	done  bool
	err   error
}

// start starts the program on the file called name.
func start(program, name string, spooled bool) (*child, error) {
	c := &child{cmd: exec.Command(program, arguments(name)...)}
	if spooled {
		c.spool = name
	}
	// Times are printed in the zone of the environment.
	c.cmd.Env = append(os.Environ(), "TZ=UTC0", "LC_ALL=C")
	c.cmd.Stderr = &c.said
	c.cmd.WaitDelay = 2 * time.Second // for whoever else may hold the pipe open
	out, err := c.cmd.StdoutPipe()
	if err == nil {
		c.out = out
		err = c.cmd.Start()
	}
	if err != nil {
		c.done = true
		c.discard()
		return nil, fmt.Errorf("starting nfdump: %w", err)
	}
	return c, nil
}

// wait takes the program's end, once it has said all, and tells what went
// wrong.
func (c *child) wait() error {
	if c.done {
		return c.err
	}
	c.done = true
	err := c.cmd.Wait()
	c.discard()
	switch {
	case err != nil && c.said.empty():
		c.err = fmt.Errorf("nfdump: %w", err)
	case err != nil:
		c.err = fmt.Errorf("nfdump: %s (%w)", c.said.text(), err)
	case c.said.grave():
		// A file cut short is told in words only: the exit code is 0.
		c.err = fmt.Errorf("nfdump: %s", c.said.text())
	}
	return c.err
}

// stop ends the program whatever it is doing.
func (c *child) stop() {
	if c.done {
		return
	}
	c.done = true
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
	c.discard()
}

func (c *child) discard() {
	if c.spool != "" {
		os.Remove(c.spool)
		c.spool = ""
	}
}

// A complaint is the beginning of what the program said of what went wrong.
type complaint struct{ buf []byte }

// maxComplaint and maxLines bound what is kept of a complaint, and shown.
const (
	maxComplaint = 4 << 10
	maxLines     = 3
)

// Write implements io.Writer. It takes everything, and keeps the beginning.
func (c *complaint) Write(p []byte) (int, error) {
	c.buf = append(c.buf, p[:min(len(p), maxComplaint-len(c.buf))]...)
	return len(p), nil
}

func (c *complaint) empty() bool { return len(bytes.TrimSpace(c.buf)) == 0 }

// text is the first lines in one.
func (c *complaint) text() string {
	var lines []string
	for line := range strings.Lines(string(c.buf)) {
		if line = strings.TrimSpace(line); line != "" && len(lines) < maxLines {
			lines = append(lines, line)
		}
	}
	return strings.ToValidUTF8(strings.Join(lines, "; "), "?")
}

// grave reports whether the words are those of an error, and not of advice.
func (c *complaint) grave() bool {
	low := bytes.ToLower(c.buf)
	for _, word := range []string{"error", "corrupt", "short read", "unexpected", "failed", "can't", "cannot", "unable", "bad magic"} {
		if bytes.Contains(low, []byte(word)) {
			return true
		}
	}
	return false
}
