package report

import (
	"bytes"
	_ "embed" // the schemas are files, so that editors check them
)

var (
	//go:embed alert.schema.json
	alertSchema []byte
	//go:embed report.schema.json
	reportSchema []byte
	//go:embed hosts.schema.json
	hostsSchema []byte
	//go:embed diff.schema.json
	diffSchema []byte
)

// Schema is the JSON Schema (draft 2020-12) of an alert, one line of the
// ndjson output.
func Schema() []byte { return bytes.Clone(alertSchema) }

// ReportSchema is the JSON Schema (draft 2020-12) of the json output. It
// holds the schema of an alert, so that it needs no other document.
func ReportSchema() []byte {
	alert := bytes.ReplaceAll(bytes.TrimSpace(alertSchema), []byte("\n"), []byte("\n    "))
	return bytes.Replace(reportSchema, []byte(`"alert": null`), append([]byte(`"alert": `), alert...), 1)
}

// HostsSchema is the JSON Schema (draft 2020-12) of the ranking of hosts that
// stands alone. It holds the schema of a report, so that it needs no other
// document.
func HostsSchema() []byte {
	report := bytes.ReplaceAll(bytes.TrimSpace(ReportSchema()), []byte("\n"), []byte("\n    "))
	return bytes.Replace(hostsSchema, []byte(`"report": null`), append([]byte(`"report": `), report...), 1)
}

// DiffSchema is the JSON Schema (draft 2020-12) of the json output of "seine
// diff". It holds the schema of an alert, so that it needs no other document.
func DiffSchema() []byte {
	alert := bytes.ReplaceAll(bytes.TrimSpace(alertSchema), []byte("\n"), []byte("\n    "))
	return bytes.Replace(diffSchema, []byte(`"alert": null`), append([]byte(`"alert": `), alert...), 1)
}
