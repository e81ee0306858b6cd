package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"seine/analyzer"
)

// A progress draws one line about a run on a terminal. A nil *progress draws
// nothing.
type progress struct {
	out   *os.File
	plan  *analyzer.Plan
	began time.Time
	stop  chan struct{}

	mu    sync.Mutex
	drawn bool
	ended bool
}

const (
	progressAfter = time.Second
	progressEvery = 200 * time.Millisecond
)

// showProgress draws the line from one second after the start until end.
func showProgress(out *os.File, plan *analyzer.Plan) *progress {
	p := &progress{out: out, plan: plan, began: time.Now(), stop: make(chan struct{})}
	go func() {
		tick := time.NewTimer(progressAfter)
		defer tick.Stop()
		for {
			select {
			case <-p.stop:
				return
			case <-tick.C:
				p.draw()
				tick.Reset(progressEvery)
			}
		}
	}()
	return p
}

func (p *progress) draw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	p.drawn = true
	rows, done, total := p.plan.Progress()
	text := progressText(rows, done, total, time.Since(p.began))
	if w := columnsOf(p.out); w > 1 && len(text) >= w {
		text = text[:w-1]
	}
	fmt.Fprintf(p.out, "\r%s\x1b[K", text)
}

// progressText tells rows and bytes read, of total if that is known.
func progressText(rows uint64, done, total int64, took time.Duration) string {
	s := took.Seconds()
	parts := []string{
		fmt.Sprintf("%.1f M rows", float64(rows)/1e6),
		fmt.Sprintf("%d MB", done/1e6),
		fmt.Sprintf("%.2f M rows/s", float64(rows)/1e6/s),
	}
	if total > 0 {
		parts[1] = fmt.Sprintf("%d of %d MB", done/1e6, total/1e6)
		if done > 0 && done <= total {
			left := time.Duration(float64(total-done) / float64(done) * float64(took))
			parts = append(parts, fmt.Sprintf("%d %%", done*100/total), left.Round(time.Second).String()+" left")
		}
	}
	return strings.Join(parts, "  ")
}

// end erases the line, for good.
func (p *progress) end() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	p.ended = true
	close(p.stop)
	if p.drawn {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}

// before wraps f so that the line ends before the first byte is written, if f
// is a terminal too: the two would overwrite each other.
func (p *progress) before(f *os.File) io.Writer {
	if p == nil || !isTerminal(f) {
		return f
	}
	return writerFunc(func(b []byte) (int, error) {
		p.end()
		return f.Write(b)
	})
}

type writerFunc func([]byte) (int, error)

func (w writerFunc) Write(b []byte) (int, error) { return w(b) }
