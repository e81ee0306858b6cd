package llm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"seine/analyzer/explain"
	"seine/detectors"
)

// Defaults of Options.
const (
	DefaultModel = "llama3.2"
	DefaultFirst = 90 * time.Second // a model is loaded at the first question
	DefaultLater = 20 * time.Second
)

const (
	maxReply = 1 << 20 // bytes of an answer of the server
	giveUp   = 3       // failures in a row after which the model is not asked any more
)

// Options say which model is asked.
type Options struct {
	URL         string        // of the server: http://127.0.0.1:11434
	Model       string        // empty means DefaultModel
	AllowRemote bool          // the server may be on another machine
	First       time.Duration // how long the first answer may take; 0 means DefaultFirst
	Later       time.Duration // … and any other; 0 means DefaultLater
}

// A Model is a language model. It is used by one goroutine at a time.
type Model struct {
	o        Options
	endpoint string
	client   *http.Client
	asked    bool
	failures int
	last     error
	lookup   func(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// New makes a Model; nothing is asked yet. The error says what is wrong with
// the options.
func New(o Options) (*Model, error) {
	if o.Model == "" {
		o.Model = DefaultModel
	}
	if o.First <= 0 {
		o.First = DefaultFirst
	}
	if o.Later <= 0 {
		o.Later = DefaultLater
	}
	u, err := url.Parse(o.URL)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%q is no address of a server such as http://127.0.0.1:11434", o.URL)
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return nil, fmt.Errorf("%q is no address of a server such as http://127.0.0.1:11434", o.URL)
	case u.User != nil:
		return nil, errors.New("the address of the server holds a password; none is sent")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("%q has more than the address of a server", o.URL)
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && !o.AllowRemote && !loopback(a) {
		return nil, notHere(u.Hostname())
	}
	m := &Model{o: o, lookup: net.DefaultResolver.LookupNetIP, endpoint: strings.TrimRight(u.String(), "/") + "/api/generate"}
	m.client = &http.Client{
		Transport: &http.Transport{
			Proxy:                  nil, // a proxy is another machine
			DialContext:            m.dial,
			DisableCompression:     true, // what is received is what is counted
			DisableKeepAlives:      true,
			MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return errors.New("the server redirects, which is not followed")
		},
	}
	return m, nil
}

// Name is the name of the model.
func (m *Model) Name() string { return m.o.Model }

func notHere(host string) error {
	return fmt.Errorf("%s is not this machine: alerts stay here unless --llm-allow-remote is given", host)
}

func loopback(a netip.Addr) bool { return a.Unmap().IsLoopback() }

// dial connects to the server. A name is looked up once, and what is connected
// to is the address that was checked.
func (m *Model) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	var dialer net.Dialer
	if m.o.AllowRemote {
		return dialer.DialContext(ctx, network, address)
	}
	var addrs []netip.Addr
	if a, err := netip.ParseAddr(host); err == nil {
		addrs = []netip.Addr{a}
	} else if strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") {
		addrs = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	} else if addrs, err = m.lookup(ctx, "ip", host); err != nil {
		return nil, err
	}
	for _, a := range addrs {
		if !loopback(a) {
			return nil, notHere(host)
		}
	}
	err = fmt.Errorf("%s has no address", host)
	for _, a := range addrs {
		var c net.Conn
		if c, err = dialer.DialContext(ctx, "tcp", net.JoinHostPort(a.String(), port)); err == nil {
			return c, nil
		}
	}
	return nil, err
}

// A reply is what the server answers.
type reply struct {
	Response string `json:"response"`
	Error    string `json:"error"`
	Done     bool   `json:"done"`
}

// Retell has the model put x, the telling of a, in other words. If the model
// cannot be asked, or its answer cannot be trusted, it returns x with a note
// that says so, and the error.
func (m *Model) Retell(ctx context.Context, a *detectors.Alert, x explain.Told) (explain.Told, error) {
	told, err := m.retell(ctx, a, x)
	if err == nil {
		m.failures = 0
		return told, nil
	}
	m.failures++
	m.last = err
	x.Note = note(x.Lang, err)
	return x, err
}

// note says in the language of a telling why it is that of the templates.
func note(lang string, err error) string {
	if lang == "fr" {
		return "Le modèle de langue n’a pas été utilisé\u00a0: " + err.Error() + "."
	}
	return "The language model was not used: " + err.Error() + "."
}

func (m *Model) retell(ctx context.Context, a *detectors.Alert, x explain.Told) (explain.Told, error) {
	if m.failures >= giveUp {
		return x, fmt.Errorf("it failed %d times in a row and is not asked any more (the last time: %w)", giveUp, unwrapped(m.last))
	}
	question, err := prompt(a, x)
	if err != nil {
		return x, err
	}
	answer, err := m.ask(ctx, question)
	if err != nil {
		return x, err
	}
	r, err := parse(answer)
	if err != nil {
		return x, err
	}
	if err := check(r, a, x); err != nil {
		return x, err
	}
	x.Title, x.What, x.Measured, x.Why, x.Else, x.Next = r.Title, r.What, r.Measured, r.Why, r.Else, r.Next
	x.By, x.Note = m.o.Model, ""
	return x, nil
}

// unwrapped keeps the message of giving up from growing.
func unwrapped(err error) error {
	if inner := errors.Unwrap(err); inner != nil && strings.HasPrefix(err.Error(), "it failed") {
		return inner
	}
	return err
}

// ask puts one question and gives the text of the answer.
func (m *Model) ask(ctx context.Context, question string) (string, error) {
	limit := m.o.Later
	if !m.asked {
		limit = m.o.First
	}
	m.asked = true
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no answer within %s", limit))
	defer cancel()
	body, err := json.Marshal(map[string]any{
		"model": m.o.Model, "prompt": question, "stream": false, "format": schema,
		"options": map[string]any{"temperature": 0, "seed": 1},
	})
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.endpoint, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := m.client.Do(req)
	if err != nil {
		return "", because(ctx, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxReply+1))
	var r reply
	known := err == nil && len(text) <= maxReply && json.Unmarshal(text, &r) == nil
	switch {
	case err != nil:
		return "", because(ctx, err)
	case len(text) > maxReply:
		return "", fmt.Errorf("the answer is larger than %d bytes", maxReply)
	case res.StatusCode != http.StatusOK && known && r.Error != "":
		return "", fmt.Errorf("the server says %d: %s", res.StatusCode, short(r.Error))
	case res.StatusCode != http.StatusOK:
		return "", fmt.Errorf("the server says %d", res.StatusCode)
	case !known:
		return "", errors.New("the answer is no JSON of the Ollama API")
	case r.Error != "":
		return "", fmt.Errorf("the server says: %s", short(r.Error))
	case !r.Done:
		return "", errors.New("the answer is not complete")
	}
	return r.Response, nil
}

// because says in few words why there is no answer.
func because(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return fmt.Errorf("no server at %s: %w", op.Addr, op.Err)
	}
	return err
}
