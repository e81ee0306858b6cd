package replay

import (
	"context"
	"errors"
	"fmt"
	"os"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
)

// A Replay reads alerts back.
type Replay struct {
	sources []*flow.Source
	names   *names
	plugins *plugins
	sum     analyzer.Summary
	reports int // documents that had a summary
}

// Sources are the inputs that the arguments of a command name: files, and
// standard input as "-".
func Sources(args []string) []*flow.Source {
	opt := &flow.Options{Workers: 1, Symbols: flow.NewSymbols()}
	var all []*flow.Source
	for _, arg := range args {
		if arg == flow.Stdin {
			all = append(all, flow.StreamSource(flow.Stdin, os.Stdin, opt))
		} else {
			all = append(all, flow.FileSource(arg, opt))
		}
	}
	return all
}

// New makes a replay of sources. known are the detectors that there are.
func New(sources []*flow.Source, known []*detectors.Detector) *Replay {
	return &Replay{sources: sources, names: newNames(), plugins: newPlugins(known)}
}

// Names resolves the numbers in the records of the alerts that have been read.
func (r *Replay) Names() analyzer.Names { return r.names }

// Run plays the alerts to sink, in their order, until the end or until ctx is
// done, and closes it. The error joins what went wrong with the input (Is
// analyzer.ErrInput), as a file that cannot be read, is cut short or is of
// another version, with that of the sink. Alerts that cannot be read are in
// the summary alone, unless a file has no other.
func (r *Replay) Run(ctx context.Context, sink analyzer.Sink) (*analyzer.Summary, error) {
	sum, err := r.Each(ctx, sink.Alert)
	return sum, errors.Join(err, sink.Close(sum))
}

// Each hands every alert to take, whose error ends the replay.
//
// The summary tells in Alerts what was read. What the summary of a document
// tells of the run over the flows is kept, but for what follows from the
// alerts: findings by severity and the ranking of hosts.
func (r *Replay) Each(ctx context.Context, take func(*detectors.Alert) error) (*analyzer.Summary, error) {
	var errs []error
	for _, src := range r.sources {
		p := &playing{Replay: r, src: src, take: take, ctx: ctx, layout: alertLayout}
		err := p.file()
		if err == nil && src.Rows == 0 && src.Bad > 0 {
			err = fmt.Errorf("no alert could be read, and %d could not; the first is in line %d: %s (alerts are read as -f ndjson and -f json write them; \"seine analyze\" reads flows)",
				src.Bad, src.BadRows[0].Row, src.BadRows[0].Reason)
		}
		f := analyzer.FileSummary{
			Name: src.Name, Format: p.layout, Packing: src.Packing(),
			Rows: src.Rows, Bad: src.Bad, BadRows: src.BadRows, Notes: src.Notes,
		}
		errClose := src.Close()
		if p.stopped == nil && err == nil {
			err = errClose
		}
		if err != nil {
			f.Error = err.Error()
			errs = append(errs, &inputError{fmt.Errorf("%s: %w", src.Name, err)})
		}
		r.sum.Alerts = append(r.sum.Alerts, f)
		if p.stopped != nil {
			if ctx.Err() != nil {
				r.sum.Interrupted = true
			} else {
				errs = append(errs, p.stopped)
			}
			break
		}
	}
	if n := r.names.files.dropped + r.names.texts.dropped; n > 0 {
		r.sum.Warnings = append(r.sum.Warnings, fmt.Sprintf("%d texts of evidence were dropped: too many different ones", n))
	}
	return &r.sum, errors.Join(errs...)
}

// All reads all alerts into memory.
func (r *Replay) All(ctx context.Context) (all []*detectors.Alert, sum *analyzer.Summary, err error) {
	sum, err = r.Each(ctx, func(a *detectors.Alert) error {
		all = append(all, a)
		return nil
	})
	return all, sum, err
}

type inputError struct{ err error }

func (e *inputError) Error() string        { return e.err.Error() }
func (e *inputError) Unwrap() error        { return e.err }
func (e *inputError) Is(target error) bool { return target == analyzer.ErrInput }

// errStopped ends the reading of a file for a reason that is not its own.
var errStopped = errors.New("stopped")

// playing is a replay at work on one file.
type playing struct {
	*Replay
	src     *flow.Source
	ctx     context.Context
	take    func(*detectors.Alert) error
	layout  string
	stopped error // why nothing more is wanted
}

// one plays the alert that text is, which begins in that line. An alert that
// cannot be read is no error of the file.
func (p *playing) one(text []byte, line uint64) error {
	a, err := p.alert(text)
	var version *versionError
	switch {
	case errors.As(err, &version):
		return fmt.Errorf("line %d: %w", line, err)
	case err != nil:
		p.src.Report(line, err.Error())
		return nil
	}
	p.src.Rows++
	if p.stopped = p.ctx.Err(); p.stopped == nil {
		p.stopped = p.take(a)
	}
	if p.stopped != nil {
		return errStopped
	}
	return nil
}

// file plays one file.
func (p *playing) file() error {
	head, err := p.src.Head()
	if err != nil {
		return err
	}
	stream, err := p.src.Reader()
	if err != nil {
		return err
	}
	if spread(head) {
		err = p.document(stream)
	} else {
		err = p.lines(stream)
	}
	if errors.Is(err, errStopped) {
		return nil
	}
	return err
}
