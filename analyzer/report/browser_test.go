package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
)

// A browser is a headless Chromium that is spoken to through a pipe.
type browser struct {
	t       *testing.T
	to      io.Writer
	from    *bufio.Reader
	session string
	last    int
	fetched []string // what it asked for, beyond the page itself
	said    []string // to its console: errors and violations
}

// startBrowser starts a browser, or skips the test where there is none.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a browser")
	}
	if runtime.GOOS == "windows" {
		t.Skip("a browser is spoken to through inherited pipes")
	}
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			program = p
			break
		}
	}
	if program == "" {
		t.Skip("no chromium on the PATH: what a browser makes of the page is not tested")
	}
	inR, inW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars", "--user-data-dir="+t.TempDir(), "--remote-debugging-pipe", "about:blank")
	cmd.ExtraFiles = []*os.File{inR, outW}
	if err := cmd.Start(); err != nil {
		t.Skipf("chromium does not start: %v", err)
	}
	_, _ = inR.Close(), outW.Close()
	b := &browser{t: t, to: inW, from: bufio.NewReaderSize(outR, 1<<20)}
	t.Cleanup(func() {
		_ = inW.Close() // it ends when nobody speaks to it any more
		done := make(chan struct{})
		go func() { _ = cmd.Wait(); close(done) }()
		select {
		case <-done:
		case <-time.After(20 * time.Second):
			_ = cmd.Process.Kill()
			<-done
		}
		_ = outR.Close()
	})
	var targets struct {
		TargetInfos []struct{ TargetID, Type string }
	}
	b.call("Target.getTargets", nil, &targets)
	for _, target := range targets.TargetInfos {
		if target.Type == "page" {
			var attached struct{ SessionID string }
			b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
			b.session = attached.SessionID
		}
	}
	if b.session == "" {
		t.Fatal("the browser has no page")
	}
	for _, domain := range []string{"Page", "Network", "Log", "Runtime"} {
		b.call(domain+".enable", nil, nil)
	}
	return b
}

type message struct {
	ID     int
	Method string
	Params json.RawMessage
	Result json.RawMessage
	Error  *struct{ Message string }
}

// read reads the next message and takes note of what it tells.
func (b *browser) read() message {
	b.t.Helper()
	data, err := b.from.ReadBytes(0)
	if err != nil {
		b.t.Fatalf("the browser has gone: %v", err)
	}
	var m message
	if err := json.Unmarshal(bytes.TrimSuffix(data, []byte{0}), &m); err != nil {
		b.t.Fatal(err)
	}
	switch m.Method {
	case "Network.requestWillBeSent":
		var p struct{ Request struct{ URL string } }
		_ = json.Unmarshal(m.Params, &p)
		b.fetched = append(b.fetched, p.Request.URL)
	case "Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled":
		b.said = append(b.said, string(m.Params))
	}
	return m
}

func (b *browser) call(method string, params, result any) {
	b.t.Helper()
	b.last++
	id := b.last
	request := map[string]any{"id": id, "method": method}
	if params != nil {
		request["params"] = params
	}
	if b.session != "" {
		request["sessionId"] = b.session
	}
	data, err := json.Marshal(request)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.to.Write(append(data, 0)); err != nil {
		b.t.Fatal(err)
	}
	for {
		m := b.read()
		if m.ID != id {
			continue
		}
		if m.Error != nil {
			b.t.Fatalf("%s: %s", method, m.Error.Message)
		}
		if result != nil {
			if err := json.Unmarshal(m.Result, result); err != nil {
				b.t.Fatal(err)
			}
		}
		return
	}
}

// open loads a page from the disk.
func (b *browser) open(doc []byte) {
	b.t.Helper()
	name := filepath.Join(b.t.TempDir(), "report.html")
	if err := os.WriteFile(name, doc, 0o666); err != nil {
		b.t.Fatal(err)
	}
	address := (&url.URL{Scheme: "file", Path: name}).String()
	b.fetched, b.said = nil, nil
	b.call("Page.navigate", map[string]any{"url": address}, nil)
	for eval[string](b, `document.readyState + " " + location.href`) != "complete "+address {
		time.Sleep(20 * time.Millisecond)
	}
	b.fetched = slices.DeleteFunc(b.fetched, func(u string) bool { return u == address || u == "data:," })
}

// eval runs a script in the page, past its policy, and gives what it returns.
func eval[T any](b *browser, script string) (value T) {
	b.t.Helper()
	var result struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	b.call("Runtime.evaluate", map[string]any{"expression": script, "awaitPromise": true, "returnByValue": true}, &result)
	if result.ExceptionDetails != nil {
		b.t.Fatalf("%s: %s", script, result.ExceptionDetails)
	}
	if err := json.Unmarshal(result.Result.Value, &value); err != nil {
		b.t.Fatalf("%s: %v", script, err)
	}
	return value
}

const openAll = `(async () => {
	document.getElementById("more").hidden || document.getElementById("more").click();
	for (const d of document.querySelectorAll("details")) d.open = true;
	await new Promise((r) => setTimeout(r, 300));
	return document.querySelectorAll("#list > details > .body").length;
})()`

// TestABrowserRunsNothingHostile loads the page of attacks and opens all of
// it: no script runs, no element of theirs is there, and nothing is fetched.
func TestABrowserRunsNothingHostile(t *testing.T) {
	b := startBrowser(t)
	alerts, s, o := hostilePage()
	b.open(htmlPage(t, o, alerts, s))
	if n := eval[int](b, openAll); n != len(alerts) {
		t.Errorf("%d of %d findings open", n, len(alerts))
	}
	type state struct {
		Title, Elements, Handlers, Links []string
		Scripts                          int
		Pictures                         int
		Hidden                           int
	}
	got := eval[state](b, `(() => {
		const all = [...document.querySelectorAll("*")];
		return {
			title: [document.title],
			elements: [...new Set(all.map((e) => e.localName))],
			handlers: all.flatMap((e) => [...e.attributes].filter((a) => /^on/i.test(a.name) || a.name === "style" || a.name === "srcdoc").map((a) => e.localName + " " + a.name)),
			links: [...new Set(all.flatMap((e) => ["href", "src", "action", "xlink:href"].map((n) => e.getAttribute(n)).filter((v) => v && !v.startsWith("#"))))],
			scripts: document.querySelectorAll("script:not([type])").length,
			pictures: document.querySelectorAll("#list figure svg").length,
			hidden: (document.body.innerText.match(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g) || []).length,
		};
	})()`)
	if strings.Contains(got.Title[0], "owned") {
		t.Error("a script of theirs ran")
	}
	for _, e := range got.Elements {
		if !slices.Contains(allowedTags, e) && e != "tbody" { // which browsers add
			t.Errorf("element %s", e)
		}
	}
	if len(got.Handlers) > 0 || got.Scripts != 1 || !slices.Equal(got.Links, []string{"data:,"}) {
		t.Errorf("%+v", got)
	}
	if got.Hidden > 0 {
		t.Errorf("%d characters act on the display", got.Hidden)
	}
	if got.Pictures != 3*len(alerts) {
		t.Errorf("%d pictures for %d findings", got.Pictures, len(alerts))
	}
	if len(b.fetched) > 0 || len(b.said) > 0 {
		t.Errorf("fetched %q, said %q", b.fetched, b.said)
	}
}

// TestThePolicyStopsWhatGetsIn lets a script and a style into a page, as a
// mistake in it would, and looks whether they run.
func TestThePolicyStopsWhatGetsIn(t *testing.T) {
	b := startBrowser(t)
	doc := htmlPage(t, Options{Names: names}, nil, &analyzer.Summary{})
	evil := `<script>document.title="owned"</script><p id="p" style="color:red" onclick="document.title='owned'">x</p><img src="https://example.org/x.png"></body>`
	b.open(bytes.Replace(doc, []byte("</body>"), []byte(evil), 1))
	title := eval[string](b, `document.getElementById("p").click(), document.title`)
	colour := eval[string](b, `getComputedStyle(document.getElementById("p")).color`)
	if title == "owned" || colour == "rgb(255, 0, 0)" {
		t.Errorf("title %q, colour %s", title, colour)
	}
	if len(b.said) < 3 {
		t.Errorf("the browser only said %q", b.said)
	}
}

// TestTheListInABrowser filters, sorts, opens and walks through findings.
func TestTheListInABrowser(t *testing.T) {
	b := startBrowser(t)
	some := charted()
	b.open(htmlPage(t, Options{Names: names}, some, summary(some)))
	shown := func() []string {
		return eval[[]string](b, `[...document.querySelectorAll("#list > details")].map((d) => d.id.slice(2))`)
	}
	id := func(a *detectors.Alert) string { return string(appendID(nil, a)) }
	if got, want := shown(), []string{id(some[1]), id(some[0]), id(some[3]), id(some[2])}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	for _, c := range []struct {
		do   string
		want []*detectors.Alert
	}{
		{`document.getElementById("q").value = "TILL beacon"; document.getElementById("controls").requestSubmit()`, []*detectors.Alert{some[1]}},
		{`document.getElementById("q").value = "nowhere"; document.getElementById("controls").requestSubmit()`, nil},
		{`document.getElementById("all").click(); document.querySelector("input[name=severity][value='1']").click()`, []*detectors.Alert{some[1], some[0]}},
		{`document.getElementById("all").click(); document.getElementById("detector").value = "port-fanout"; document.getElementById("detector").dispatchEvent(new Event("change"))`, []*detectors.Alert{some[0], some[2]}},
		{`document.getElementById("all").click(); document.getElementById("sort").value = "count"; document.getElementById("sort").dispatchEvent(new Event("change"))`, []*detectors.Alert{some[1], some[3], some[0], some[2]}},
		{`document.getElementById("all").click(); document.querySelector("input[name=status][value=known]").click()`, []*detectors.Alert{some[1], some[3], some[2]}},
		{`document.getElementById("all").click(); document.querySelector("a.filter[data-host='192.168.100.96']").click()`, []*detectors.Alert{some[0]}},
		{`document.querySelector("ol.first a").click()`, []*detectors.Alert{some[1], some[0], some[3], some[2]}}, // a link resets a filter that hides its finding
	} {
		eval[bool](b, c.do+"; true")
		want := []string{}
		for _, a := range c.want {
			want = append(want, id(a))
		}
		if got := shown(); !slices.Equal(got, want) {
			t.Errorf("after %s: %v, want %v", c.do, got, want)
		}
	}
	body := eval[string](b, `new Promise((r) => setTimeout(() => r(document.querySelector("#list > details[open] .body").innerText), 200))`)
	for _, want := range []string{"60.25", "till 7", "assets.csv:7", "2001:db8::1]:50000", "logs/2017/conn.log:7", "T1573.002"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in the finding:\n%s", want, body)
		}
	}
	focus := eval[[]string](b, `(() => {
		document.activeElement.blur();
		const seen = [];
		for (const key of ["j", "j", "k", "/"]) {
			(document.activeElement || document.body).dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
			const e = document.activeElement;
			seen.push(e.id || e.closest("details").id);
		}
		return seen;
	})()`)
	if want := []string{"f-" + id(some[1]), "f-" + id(some[0]), "f-" + id(some[1]), "q"}; !slices.Equal(focus, want) {
		t.Errorf("the keys go to %v, want %v", focus, want)
	}
	if len(b.said) > 0 {
		t.Errorf("the browser said %q", b.said)
	}
}

// TestTheScriptDrawsAsThePackageDoes compares the pictures of the script with
// those that are written for print.
func TestTheScriptDrawsAsThePackageDoes(t *testing.T) {
	b := startBrowser(t)
	var all []*detectors.Alert
	base := normal()[0]
	for i, c := range []detectors.Chart{
		{Kind: detectors.Bars, Title: "a", X: detectors.Axis{Name: "gap", Unit: "s", At: []float64{10, 20, 30}}, Y: detectors.Axis{Name: "n"}, Values: []float64{1, 900, 30}, Mark: 22, MarkLabel: "m", HasMark: true},
		{Kind: detectors.Bars, Title: "b", X: detectors.Axis{Labels: []string{"22/tcp", "a name that is quite long, longer than its place"}}, Values: []float64{7, 12345}},
		{Kind: detectors.Timeline, Title: "c", X: detectors.Axis{At: []float64{1.5e9, 1.5e9 + 3600, 1.5e9 + 7200}}, Y: detectors.Axis{Name: "bytes", Unit: "bytes"}, Values: []float64{1e6, 0, 5e8}, Level: 6e8, LevelLabel: "limit", HasLevel: true},
		{Kind: detectors.Timeline, Title: "d", X: detectors.Axis{At: []float64{1.5e9, 1.5e9 + 86400*9}}, Y: detectors.Axis{Name: "n"}, Values: []float64{1, 2}},
		{Kind: detectors.Matrix, Title: "e", X: detectors.Axis{Labels: []string{"22/tcp", "53/udp"}}, Y: detectors.Axis{Labels: []string{"10.0.0.1", "10.0.0.2"}}, Values: []float64{0, 1, 2, 3}},
	} {
		a := *base
		a.Charts, a.Subject = []detectors.Chart{c}, detectors.Address(flow.AddrFrom4(uint32(i)), detectors.RoleSrc)
		all = append(all, &a)
	}
	b.open(htmlPage(t, Options{Names: names}, all, summary(all)))
	eval[int](b, openAll)
	differ := eval[[]string](b, `(() => {
		const shape = (s) => [s.getAttribute("viewBox"), ...[...s.querySelectorAll("text, rect, path")].map((e) =>
			[e.localName, e.getAttribute("class"), ...["x", "y", "width", "height"].map((n) => e.hasAttribute(n) ? Math.round(e.getAttribute(n)) : ""), e.localName === "text" ? e.textContent : ""].join(" "))].join("\n");
		const mine = [...document.querySelectorAll("#list figure svg")].map(shape), theirs = [...document.querySelectorAll(".plain figure svg")].map(shape);
		if (mine.length !== theirs.length) return [mine.length + " and " + theirs.length];
		return mine.flatMap((m, i) => m === theirs[i] ? [] : [m + "\n--- and in the file ---\n" + theirs[i]]);
	})()`)
	for _, d := range differ {
		t.Errorf("they differ:\n%s", d)
	}
}

// TestTenThousandFindingsInABrowser is about how much of a large page is built
// at once; how long that takes depends on the machine, and is logged.
func TestTenThousandFindingsInABrowser(t *testing.T) {
	b := startBrowser(t)
	doc := largePage(t, pageFindings)
	b.open(doc)
	built := eval[[]int](b, `[document.querySelectorAll("#list > details").length, document.querySelectorAll("*").length]`)
	if built[0] != 100 || built[1] > 20_000 {
		t.Errorf("%d findings are built, %d elements in all", built[0], built[1])
	}
	times := eval[map[string]float64](b, `(async () => {
		const n = performance.getEntriesByType("navigation")[0], t = {};
		t.interactive = n.domInteractive - n.responseStart;
		t.load = n.loadEventEnd - n.startTime;
		const time = (name, f) => { const a = performance.now(); f(); document.body.offsetHeight; t[name] = Math.round(performance.now() - a); };
		time("search", () => { document.getElementById("q").value = "203.0.113.7"; document.getElementById("controls").requestSubmit(); });
		time("reset", () => document.getElementById("all").click());
		time("sort", () => { const s = document.getElementById("sort"); s.value = "late"; s.dispatchEvent(new Event("change")); });
		time("more", () => document.getElementById("more").click());
		time("open", () => { document.querySelectorAll("#list > details")[150].open = true; });
		return t;
	})()`)
	t.Logf("%.1f MB; milliseconds: %v", float64(len(doc))/1e6, times)
}

// largePage is a page of n findings with charts and evidence.
func largePage(t testing.TB, n int) []byte {
	t0 := moment("2017-01-27T00:00:00Z")
	base := charted()
	var all []*detectors.Alert
	for i := range n {
		a := *base[i%2]
		a.Severity = detectors.Severity(1 + i%37%4)
		a.Time = t0 + flow.Time(i*i%604800)*flow.Second
		a.FirstSeen, a.LastSeen, a.Status = a.Time, a.Time, detectors.NotCompared
		a.Subject = detectors.Pair(flow.AddrFrom4(0x0a000000+uint32(i%700)), flow.AddrFrom4(0xcb007100+uint32(i%251))).WithPort(443).WithProtocol(flow.TCP)
		a.Summary = fmt.Sprintf("%s: %d calls, one every 60 s (jitter 5 %%): chance has a probability of 1e-500, the limit is 1e-4", a.Subject, i)
		r := a.Evidence[0]
		a.Evidence = []flow.Record{r, r, r}
		c := detectors.Chart{Kind: detectors.Bars, Title: "Gaps between calls", X: detectors.Axis{Name: "gap", Unit: "s"}, Y: detectors.Axis{Name: "calls"}}
		for k := range 32 {
			c.X.At, c.Values = append(c.X.At, 45+float64(k)), append(c.Values, float64((i+k*k)%50))
		}
		a.Charts = []detectors.Chart{c}
		all = append(all, &a)
	}
	return htmlPage(t, Options{Names: names}, all, summary(all))
}

func BenchmarkPage(b *testing.B) {
	doc := largePage(b, 1000)
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		largePage(b, 1000)
	}
}

// TestScreenshots writes pictures of pages into the directory that the
// variable SEINE_SCREENSHOTS names, to be looked at.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("SEINE_SCREENSHOTS")
	if dir == "" {
		t.Skip("SEINE_SCREENSHOTS is not set")
	}
	b := startBrowser(t)
	some := charted()
	hostile, hostileSummary, o := hostilePage()
	for name, doc := range map[string][]byte{
		"normal": htmlPage(t, Options{Names: names, Version: "1.0"}, some, summary(some)), "hostile": htmlPage(t, o, hostile, hostileSummary),
		"empty": htmlPage(t, Options{Names: names}, nil, &analyzer.Summary{Rows: 1000}), "large": largePage(t, pageFindings),
	} {
		if err := os.WriteFile(filepath.Join(dir, name+".html"), doc, 0o666); err != nil {
			t.Fatal(err)
		}
		b.open(doc)
		for _, scheme := range []string{"light", "dark"} {
			b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
			for _, width := range []int{390, 1200} {
				b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 2400, "deviceScaleFactor": 1, "mobile": width < 600}, nil)
				var shot struct{ Data []byte }
				b.call("Page.captureScreenshot", map[string]any{"format": "png"}, &shot)
				if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%s-%d.png", name, scheme, width)), shot.Data, 0o666); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
