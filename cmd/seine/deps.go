package main

// Placeholder while the tree is being built: keeps go.mod complete.
import (
	_ "github.com/apache/arrow/go/v17/parquet/file"
	_ "github.com/google/go-cmp/cmp"
	_ "github.com/montanaflynn/stats"
	_ "github.com/olekukonko/tablewriter"
	_ "github.com/rogpeppe/go-internal/testscript"
	_ "github.com/spf13/cobra"
	_ "go.yaml.in/yaml/v3"
	_ "golang.org/x/term"
	_ "pgregory.net/rapid"
)

func main() {}
