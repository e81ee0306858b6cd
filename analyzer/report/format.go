package report

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"seine/analyzer"
	"seine/analyzer/stats"
	"seine/detectors"
)

// A Format describes one output and makes its sink.
type Format struct {
	Name    string   // "ndjson"; what --format takes
	Title   string   // one line
	Doc     string   // Markdown: layout, order, what is cut
	Ext     []string // file name endings that mean it, with the dot
	Hosts   bool     // it shows the hosts by risk, which must then be ranked
	Traffic bool     // it shows what the flows sum up to, see Options.Traffic
	Binary  bool     // it is no text, and nothing for a terminal

	// New makes a sink that writes to w, which stays the caller's to close.
	// What the sink buffers is written by its Close.
	New func(w io.Writer, o Options) analyzer.Sink
}

// Options are the settings of an output.
type Options struct {
	Names    analyzer.Names        // resolves files and texts of evidence; required
	Version  string                // of Seine, for outputs that name their producer
	Evidence int                   // flows printed per alert; 0 means all it carries
	Verbose  bool                  // table: facts and evidence under each alert; summary: tables of the detectors
	Width    int                   // columns of the terminal; 0 means that w is none, and nothing is cut
	Color    bool                  // ANSI colours
	Top      int                   // rows of the table; 0 means all
	Lang     string                // of texts for people, "en" or "fr"; empty means en
	Chain    []*detectors.Detector // those that ran, for outputs that tell what they cannot see
	// Traffic tells what all flows of the run sum up to, once it has ended;
	// nil where the flows are not seen.
	Traffic func() *stats.Result
	Told    error // summary: what the caller tells by itself about files that could not be read
}

// Formats lists the outputs. Each call makes a new list.
func Formats() []*Format {
	return []*Format{tableFormat(), ndjsonFormat(), jsonFormat(), csvFormat(), htmlFormat(), markdownFormat(), sarifFormat(),
		ocsfFormat(), ecsFormat(), eveFormat(), stixFormat(), parquetFormat()}
}

// ByName finds an output by its name.
func ByName(name string) (*Format, error) {
	var names []string
	for _, f := range Formats() {
		if f.Name == name {
			return f, nil
		}
		names = append(names, f.Name)
	}
	return nil, fmt.Errorf("unknown output format %q (known: %s)%s", name, strings.Join(names, ", "), analyzer.DidYouMean(name, names))
}

// ByExtension finds the output that the ending of a file's name asks for, in
// any case. Of several endings the longest counts: ".stix.json" is no ".json".
func ByExtension(path string) (*Format, error) {
	name := strings.ToLower(filepath.Base(path))
	var known []string
	var best *Format
	longest := 0
	for _, f := range Formats() {
		for _, ext := range f.Ext {
			if strings.HasSuffix(name, ext) && len(ext) > longest {
				best, longest = f, len(ext)
			}
		}
		known = append(known, f.Ext...)
	}
	if best != nil {
		return best, nil
	}
	return nil, fmt.Errorf("no output format for the file name %q (known endings: %s)", path, strings.Join(known, ", "))
}
