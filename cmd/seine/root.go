package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"seine/analyzer"
)

// Exit codes, the same for every output.
const (
	exitDone        = 0
	exitFindings    = 1 // --fail-on
	exitUsage       = 2
	exitInput       = 3
	exitInterrupted = 130
)

// errUsage marks a command line that makes no sense.
var errUsage = errors.New("usage")

type usageError struct{ err error }

func (e *usageError) Error() string        { return e.err.Error() }
func (e *usageError) Unwrap() error        { return e.err }
func (e *usageError) Is(target error) bool { return target == errUsage }

// A codeError ends the command with a code of its own. Without an error in it
// there is nothing more to say.
type codeError struct {
	code int
	err  error
}

func (e *codeError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *codeError) Unwrap() error { return e.err }

// run carries out a command line and gives the exit code.
func run(args []string) int {
	// A reader that went away, as head does, is an error of the write and not
	// the end of the process: other outputs are still to be completed.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := interruptible()
	defer stop()
	root := rootCommand()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	return conclude(cmd, err)
}

// interruptible is done at the first interrupt; a second one ends the process
// at once. An interrupt that the parent had ignored, as for a background job
// of a shell, stays so.
func interruptible() (context.Context, context.CancelFunc) {
	signals := []os.Signal{syscall.SIGTERM}
	if !signal.Ignored(os.Interrupt) {
		signals = append(signals, os.Interrupt)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// maxErrorLines bounds what an error says: a thousand files that cannot be
// read say the same.
const maxErrorLines = 40

// conclude tells an error and gives its exit code.
func conclude(cmd *cobra.Command, err error) int {
	code := exitUsage
	var coded *codeError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &coded):
		code = coded.code
	case brokenPipe(err): // of standard output: whoever read it has enough
		return exitDone
	case errors.Is(err, analyzer.ErrConfig), errors.Is(err, errUsage):
	case errors.Is(err, analyzer.ErrInput):
		code = exitInput
	}
	if coded == nil || coded.err != nil {
		lines := strings.Split(strings.TrimRight(err.Error(), "\n"), "\n")
		for i, line := range lines {
			if i == maxErrorLines && len(lines) > maxErrorLines+1 {
				fmt.Fprintf(os.Stderr, "seine: and %d more\n", len(lines)-i)
				break
			}
			fmt.Fprintln(os.Stderr, "seine:", printable(line))
		}
	}
	if errors.Is(err, errUsage) {
		fmt.Fprintf(os.Stderr, "run \"%s --help\"\n", cmd.CommandPath())
	}
	return code
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "seine",
		Short: "find what is wrong in network flow logs",
		Long: "Seine drags a net through flow logs: it reads flow records in any common format, passes\n" +
			"each through a chain of detectors, and writes alerts that carry their evidence. It needs no\n" +
			"network and no service, and gives the same bytes for the same input.",
		Example: "  seine analyze flows.csv\n" +
			"  cat flows.csv | seine analyze\n" +
			"  seine analyze -f ndjson logs/ | jq .summary\n" +
			"  seine explain port-fanout",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SetOut(os.Stderr)
			_ = cmd.Help()
			return &codeError{code: exitUsage}
		},
	}
	root.SetFlagErrorFunc(flagError)
	root.SetOut(os.Stdout)
	root.AddCommand(analyzeCommand(), hostsCommand(), convertCommand(), inspectCommand(), servicesCommand(), intelCommand(), statsCommand(), triageCommand(), diffCommand(), suppressCommand(), evalCommand(), testCommand(), detectorsCommand(), explainCommand(), formatsCommand(),
		configCommand(), schemaCommand(), versionCommand())
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			c.Short = "print the completion script for a shell"
			c.Args = unknownCommand
			c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
		}
	}
	return root
}

// unknownCommand refuses what is no command.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var known []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			known = append(known, c.Name())
		}
	}
	hint := analyzer.DidYouMean(args[0], known)
	if _, err := os.Stat(args[0]); err == nil && hint == "" {
		hint = fmt.Sprintf("; did you mean \"seine analyze %s\"?", args[0])
	}
	return &usageError{fmt.Errorf("unknown command %q%s", args[0], hint)}
}

// flagError suggests a flag for one that does not exist.
func flagError(cmd *cobra.Command, err error) error {
	var missing *pflag.NotExistError
	if errors.As(err, &missing) && missing.GetSpecifiedShortnames() == "" {
		var known []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				known = append(known, "--"+f.Name)
			}
		})
		name := "--" + missing.GetSpecifiedName()
		return &usageError{fmt.Errorf("unknown flag %s%s", name, analyzer.DidYouMean(name, known))}
	}
	return &usageError{err}
}

// noArguments refuses arguments of a command that takes none.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return &usageError{fmt.Errorf("%s takes no arguments, got %q", cmd.CommandPath(), args[0])}
	}
	return nil
}
