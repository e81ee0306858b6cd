// Package builtin lists the detectors that Seine comes with, in the order of
// the default chain. To add one, add its line here.
package builtin

import (
	"seine/detectors"
	"seine/detectors/basic"
	"seine/detectors/beacon"
	"seine/detectors/blacklist"
	bruteforce "seine/detectors/brute-force"
	dnstunnel "seine/detectors/dns-tunnel"
	"seine/detectors/exfiltration"
	exposedservice "seine/detectors/exposed-service"
	"seine/detectors/flood"
	icmptunnel "seine/detectors/icmp-tunnel"
	iqroutlier "seine/detectors/iqr-outlier"
	lateralmovement "seine/detectors/lateral-movement"
	longconnection "seine/detectors/long-connection"
	manypeers "seine/detectors/many-peers"
	"seine/detectors/policy"
	portactivity "seine/detectors/port-activity"
	portfanout "seine/detectors/port-fanout"
	portscan "seine/detectors/port-scan"
	ratebaseline "seine/detectors/rate-baseline"
	requestburst "seine/detectors/request-burst"
	threatintel "seine/detectors/threat-intel"
	unusualservice "seine/detectors/unusual-service"
)

// Core returns the five detectors that the chain begins with: statistics on
// addresses and ports, each an exact definition.
func Core() []*detectors.Detector { return Chain()[:5:5] }

// Chain returns the detectors in chain order.
func Chain() []*detectors.Detector {
	return []*detectors.Detector{
		basic.Detector(),
		blacklist.Detector(),
		portactivity.Detector(),
		portfanout.Detector(),
		iqroutlier.Detector(),
		portscan.Detector(),
		beacon.Detector(),
		ratebaseline.Detector(),
		flood.Detector(),
		manypeers.Detector(),
		bruteforce.Detector(),
		lateralmovement.Detector(),
		requestburst.Detector(),
		exfiltration.Detector(),
		longconnection.Detector(),
		unusualservice.Detector(),
		dnstunnel.Detector(),
		icmptunnel.Detector(),
		threatintel.Detector(),
		exposedservice.Detector(),
		policy.Detector(),
	}
}
