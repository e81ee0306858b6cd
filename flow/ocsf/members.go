package ocsf

import (
	"seine/flow/internal/jsonscan"
)

// The members of an event that count. Those of own are what the writer puts
// into unmapped, and mean the same whatever the product.
const (
	classUID = iota
	activityID
	eventTime
	eventTimeText
	startTime
	startTimeText
	endTime
	endTimeText
	duration
	protocolNum
	protocolName
	tcpFlags
	connectionUID
	communityUID
	srcIP
	srcPort
	dstIP
	dstPort
	bytesOut
	bytesIn
	bytesBoth
	packetsOut
	packetsIn
	packetsBoth
	action
	actionID
	disposition
	dispositionID
	status
	statusCode
	appName
	productName
	vendorName
	ownState
	ownRawState
	ownSrcFlags
	ownDstFlags
	ownICMPType
	ownICMPCode
	ownLabel
	ownStart
	ownDuration
	ownOrient
	ownPieces
	ownSrcBytes
	ownDstBytes
	ownSrcPkts
	ownDstPkts
	srcName
	dstName
	metadata
	memberCount
)

var members = [memberCount]string{
	"class_uid", "activity_id", "time", "time_dt", "start_time", "start_time_dt", "end_time", "end_time_dt", "duration",
	"connection_info/protocol_num", "connection_info/protocol_name", "connection_info/tcp_flags", "connection_info/uid",
	"connection_info/community_uid", "src_endpoint/ip", "src_endpoint/port", "dst_endpoint/ip", "dst_endpoint/port",
	"traffic/bytes_out", "traffic/bytes_in", "traffic/bytes", "traffic/packets_out", "traffic/packets_in", "traffic/packets",
	"action", "action_id", "disposition", "disposition_id", "status", "status_code", "app_name",
	"metadata/product/name", "metadata/product/vendor_name",
	"unmapped/seine/state", "unmapped/seine/raw_state", "unmapped/seine/src_flags", "unmapped/seine/dst_flags",
	"unmapped/seine/icmp_type", "unmapped/seine/icmp_code", "unmapped/seine/label",
	"unmapped/seine/start_ns", "unmapped/seine/duration_ns", "unmapped/seine/orient", "unmapped/seine/pieces",
	"unmapped/seine/src_bytes", "unmapped/seine/dst_bytes", "unmapped/seine/src_pkts", "unmapped/seine/dst_pkts",
	"src_endpoint/name", "dst_endpoint/name",
	"metadata",
}

var paths = jsonscan.Compile(members[:]...)
