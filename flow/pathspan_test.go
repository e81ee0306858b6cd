package flow

import (
	"testing"
	"time"
)

func TestWhatPathsTellOfTime(t *testing.T) {
	const hour, day = time.Hour, 24 * time.Hour
	for _, test := range []struct {
		path, from string
		length     time.Duration
		slack      time.Duration
	}{
		{"AWSLogs/aws-account-id=1/aws-service=vpcflowlogs/aws-region=eu-west-1/year=2024/month=03/day=10/a.log.parquet", "2024-03-10T00:00:00Z", day, hour},
		{"AWSLogs/aws-account-id=1/aws-service=vpcflowlogs/aws-region=eu-west-1/year=2024/month=03/day=10/hour=23/a.log.parquet", "2024-03-10T23:00:00Z", hour, hour},
		{"AWSLogs/1/vpcflowlogs/eu-west-1/2024/03/10/1_vpcflowlogs_eu-west-1_fl-1_20240310T0005Z_0a.log.gz", "2024-03-10T00:00:00Z", day, hour},
		{"resourceId=/X/y=2024/m=03/d=10/h=05/m=00/macAddress=0022/PT1H.json", "2024-03-10T05:00:00Z", hour, hour},
		{"bucket/compute.googleapis.com/vpc_flows/2024/03/10/05:00:00_05:59:59_S0.json", "2024-03-10T05:00:00Z", hour, hour},
		{"lake/Year=2024/a.parquet", "2024-01-01T00:00:00Z", 366 * day, day},
		{"lake/year=2023/month=2/a.parquet", "2023-02-01T00:00:00Z", 28 * day, day},
		{"lake/dt=2024-03-10/a.parquet", "2024-03-10T00:00:00Z", day, day},
		{"firehose/2024/03/10/05/a", "2024-03-10T05:00:00Z", hour, day},
		{"nfcapd/2024/03/10/05", "2024-03-10T00:00:00Z", day, day}, // a file of that name
		{"year=2024/day=10/a", "2024-01-01T00:00:00Z", 366 * day, day},
		{"2024/3/10/a", "", 0, 0},
		{"2024/13/10/a", "", 0, 0},
		{"1234/03/10/a", "", 0, 0},
		{"month=03/day=10/a", "", 0, 0},
		{"flows-2024-03-10.csv", "", 0, 0},
		{"10.0.0.5/80/99/a", "", 0, 0},
		{"year=/month=/a", "", 0, 0},
		{"year=+024/a", "", 0, 0},
		{"dt=yesterday/a", "", 0, 0},
		{"", "", 0, 0},
	} {
		got, ok := pathSpan(test.path, 0)
		if test.from == "" {
			if ok {
				t.Errorf("%s: %v to %v", test.path, got.From, got.To)
			}
			continue
		}
		from, err := time.Parse(time.RFC3339, test.from)
		if err != nil {
			t.Fatal(err)
		}
		want := Span{Time(from.Add(-test.slack).UnixNano()), Time(from.Add(test.length + test.slack).UnixNano())}
		if !ok || got != want {
			t.Errorf("%s: %v to %v, want %v to %v", test.path, got.From, got.To, want.From, want.To)
		}
	}
}

func TestWhatTheUserWroteIsNoReasonToLeaveAFileOut(t *testing.T) {
	for path, wants := range map[string]map[string]bool{
		"restored/2024/03/10/a.csv":            {"": true, "restored": true, "restored/2024/03": true, "restored/2024/03/10": false},
		"2024/03/10/05/a.csv":                  {"2024/03": true, "2024/03/10": true, "2024/03/10/05": false},
		"year=2024/month=03/day=10/a.csv":      {"year=2024/month=03": true, "year=2024/month=03/day=10": false, "year=2024/month=03/day=10/": false},
		"2024/03/10/05:00:00_05:59:59_S0.json": {"2024/03/10": true, "2024/03/10/05": true},
	} {
		for wrote, want := range wants {
			if _, ok := pathSpan(path, len(wrote)); ok != want {
				t.Errorf("%s, of which %q is written: %v, want %v", path, wrote, ok, want)
			}
		}
	}
}

func TestSpansOverlap(t *testing.T) {
	for _, test := range []struct {
		a, b Span
		want bool
	}{
		{Span{1, 3}, Span{2, 4}, true}, {Span{1, 3}, Span{3, 4}, false}, {Span{3, 4}, Span{1, 3}, false},
		{Span{1, 9}, Span{3, 4}, true}, {Span{}, Span{3, 4}, true}, {Span{3, 4}, Span{}, true},
	} {
		if test.a.Overlaps(test.b) != test.want {
			t.Errorf("%v and %v: %v", test.a, test.b, !test.want)
		}
	}
}
