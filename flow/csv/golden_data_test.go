package csv

// golden are tables and the records that they mean.
var golden = []struct{ name, text, zone, want string }{
	{name: "nine columns", text: `2017-01-27 16:24:49,tcp,established,10.0.0.1,40001,192.0.2.7,443,900,4200
2017-01-27 16:24:49.5,udp,new,2001:db8::1,53,2001:DB8:0:0:0:0:0:2,53,0,0
2017-01-27T16:24:49+02:00,icmp,,10.0.0.1,8,::ffff:192.0.2.7,0,64,64
2017/01/27 16:24:50,tcp,reset,10.0.0.1,1,192.0.2.7,2,5,0
`, want: `1 2017-01-27T16:24:49Z tcp 10.0.0.1 40001 > 192.0.2.7 443 up=900 down=4200 established=established
2 2017-01-27T16:24:49.5Z udp 2001:db8::1 53 > 2001:db8::2 53 up=0 down=0 new=attempt
3 2017-01-27T14:24:49Z icmp 10.0.0.1 8 > ::ffff:192.0.2.7 0 up=64 down=64
4 2017-01-27T16:24:50Z tcp 10.0.0.1 1 > 192.0.2.7 2 up=5 down=0 reset=rejected`},

	{name: "nine columns with all that may be around them", text: "\ufeff2017-01-27 16:24:49,tcp,new,10.0.0.1,1,192.0.2.7,2,3,4\n" + `
# a comment
"2017-01-27 16:24:50","tcp","new","10.0.0.1","1","192.0.2.7","2","3","4"
 2017-01-27 16:24:51 , TCP , new , 10.0.0.1 , 1 , 192.0.2.7 , 2 , 3 , 4
2017-01-27 16:24:52,unheard-of,new,10.0.0.1,1,192.0.2.7,2,3,4,more,columns
ts,protocol,state,src_ip,src_port,dst_ip,dst_port,src_bytes,dst_bytes
2017-01-27 16:24:53,6,new,10.0.0.1,1,192.0.2.7,2,3,4
`, want: `1 2017-01-27T16:24:49Z tcp 10.0.0.1 1 > 192.0.2.7 2 up=3 down=4 new=attempt
4 2017-01-27T16:24:50Z tcp 10.0.0.1 1 > 192.0.2.7 2 up=3 down=4 new=attempt
5 2017-01-27T16:24:51Z tcp 10.0.0.1 1 > 192.0.2.7 2 up=3 down=4 new=attempt
6 2017-01-27T16:24:52Z 10.0.0.1 1 > 192.0.2.7 2 up=3 down=4 new=attempt
8 2017-01-27T16:24:53Z tcp 10.0.0.1 1 > 192.0.2.7 2 up=3 down=4 new=attempt
skipped 1`},

	{name: "bad rows of nine columns", text: `2017-01-27 16:24:49,tcp,new,10.0.0.1,1,192.0.2.7,2,3,4
2017-01-27 16:24:49,tcp,new,10.0.0.1,1,192.0.2.7,2,3
yesterday,tcp,new,10.0.0.1,1,192.0.2.7,2,3,4
2017-01-27 16:24:49,tcp,new,10.0.0.1,65536,192.0.2.7,2,3,4
2017-01-27 16:24:49,tcp,new,00:00:00:00:00:00,1,192.0.2.7,2,3,4
2017-01-27 16:24:49,tcp,"new,10.0.0.1,1,192.0.2.7,2,3,4
2017-01-27 16:24:50,tcp,new,10.0.0.1,1,192.0.2.7,2,3,4
`, want: `1 2017-01-27T16:24:49Z tcp 10.0.0.1 1 > 192.0.2.7 2 up=3 down=4 new=attempt
7 2017-01-27T16:24:50Z tcp 10.0.0.1 1 > 192.0.2.7 2 up=3 down=4 new=attempt
bad 2: 8 columns, need 9
bad 3: ts "yesterday": not a time
bad 4: src_port "65536": not a port
bad 5: src_ip "00:00:00:00:00:00": not an IP address
bad 6: quote is not closed`},

	{name: "nine columns, strict with times", text: `2017-01-27 16:24:49,tcp,new,10.0.0.1,1,192.0.2.7,2,3,4
2017-01-27T16:24:49,tcp,new,10.0.0.1,1,192.0.2.7,2,3,4
2017-01-27 16:24:49,tcp,new,10.0.0.1,1.0,192.0.2.7,2,3,4
2017-01-27 16:24:49,tcp,new,10.0.0.1,1,192.0.2.7,2,-,4
`, want: `1 2017-01-27T16:24:49Z tcp 10.0.0.1 1 > 192.0.2.7 2 up=3 down=4 new=attempt
bad 2: ts "2017-01-27T16:24:49": time with a T but no zone
bad 3: src_port "1.0": not a number
bad 4: src_bytes "-": not a number`},

	{name: "nine columns, milliseconds", text: "1485534289250,tcp,new,10.0.0.1,1,192.0.2.7,2,3,4\n",
		want: "1 2017-01-27T16:24:49.25Z tcp 10.0.0.1 1 > 192.0.2.7 2 up=3 down=4 new=attempt"},
	{name: "nine columns, nanoseconds", text: "1485534289250000001,tcp,new,10.0.0.1,1,192.0.2.7,2,3,4\n",
		want: "1 2017-01-27T16:24:49.250000001Z tcp 10.0.0.1 1 > 192.0.2.7 2 up=3 down=4 new=attempt"},
	{name: "nine columns, naive times of a zone", zone: "Europe/Berlin", text: `2017-01-27 16:24:49,tcp,new,10.0.0.1,1,192.0.2.7,2,3,4
2017-07-27 16:24:49,tcp,new,10.0.0.1,1,192.0.2.7,2,3,4
2017-07-27 16:24:49,tcp,new,10.0.0.1,1,192.0.2.7,2,3,4
2017-07-27 16:24:49Z,tcp,new,10.0.0.1,1,192.0.2.7,2,3,4
`, want: `1 2017-01-27T15:24:49Z tcp 10.0.0.1 1 > 192.0.2.7 2 up=3 down=4 new=attempt
2 2017-07-27T14:24:49Z tcp 10.0.0.1 1 > 192.0.2.7 2 up=3 down=4 new=attempt
3 2017-07-27T14:24:49Z tcp 10.0.0.1 1 > 192.0.2.7 2 up=3 down=4 new=attempt
4 2017-07-27T16:24:49Z tcp 10.0.0.1 1 > 192.0.2.7 2 up=3 down=4 new=attempt`},

	{name: "Zeek's conn.log, cut down", text: "#ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\torig_pkts\tresp_pkts\n" +
		"1485534289.250000\tCsGfgy3vC4ydhUKz7\t10.0.0.1\t40001\t192.0.2.7\t443\ttcp\tssl,quic\t1.5\t900\t4200\tSF\t9\t8\n" +
		"1485534290.000000\tC1\t10.0.0.1\t8\t192.0.2.7\t0\ticmp\t-\t-\t-\t-\tOTH\t1\t0\n#close\t2017-01-27\n",
		want: `2 2017-01-27T16:24:49.25Z +1.5s tcp 10.0.0.1 40001 > 192.0.2.7 443 up=900 down=4200 pkts=9 back=8 SF=closed service=ssl,quic uid=CsGfgy3vC4ydhUKz7
3 2017-01-27T16:24:50Z icmp 10.0.0.1 > 192.0.2.7 pkts=1 back=0 OTH=partial icmp=8.0 uid=C1
skipped 1`},

	{name: "Argus, with hexadecimal ports", text: `StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcBytes,Label
1970/01/01 01:00:15.000000,3550.182373,udp,10.0.0.1,40001,  <->,192.0.2.7,0x0035,CON,0,0,12,875,413,flow=Background
1970/01/01 01:00:16.000000,0.000000,icmp,10.0.0.1,0x0303,   ->,192.0.2.7,0x2d34,URP,0,,1,70,70,flow=Background
1970/01/01 01:00:17.000000,0.000000,arp,10.0.0.1,,  who,192.0.2.7,,INT,,,1,60,60,
1970/01/01 01:00:18.000000,0.000000,llc,00:00:00:00:00:00,,   ->,00:00:00:00:00:01,,INT,,,1,60,60,
`, zone: "Europe/Berlin", want: `2 1970-01-01T00:00:15Z +59m10.182373s udp 10.0.0.1 40001 > 192.0.2.7 53 up=413 CON=established label=flow=Background
3 1970-01-01T00:00:16Z +0s icmp 10.0.0.1 > 192.0.2.7 up=70 URP=rejected label=flow=Background
4 1970-01-01T00:00:17Z +0s 10.0.0.1 > 192.0.2.7 up=60 INT=attempt
bad 5: src_ip "00:00:00:00:00:00": not an IP address`},

	{name: "nfdump, with scaled counts and an end", text: `ts,te,sa,da,sp,dp,pr,flg,ipkt,ibyt
2017-01-27 16:24:49,2017-01-27 16:24:51.5,10.0.0.1,192.0.2.7,40001,443,TCP  ,.AP.SF,   12, 1.4 M
2017-01-27 16:24:49,2017-01-27 16:24:48,10.0.0.1,192.0.2.7,0,8.0,ICMP ,......,1,84
2017-01-27 16:24:49,,10.0.0.1,192.0.2.7,0,3.3,ICMP,18,1,many
2017-01-27 16:24:49,,10.0.0.1,192.0.2.7,0,2048,1,0x12,1.0,-1
`, want: `2 2017-01-27T16:24:49Z +2.5s tcp 10.0.0.1 40001 > 192.0.2.7 443 up=1400000 pkts=12 flags=FSPA/
3 2017-01-27T16:24:49Z +0s icmp 10.0.0.1 > 192.0.2.7 up=84 pkts=1 flags=/ icmp=8.0
4 2017-01-27T16:24:49Z icmp 10.0.0.1 > 192.0.2.7 pkts=1 flags=SA/ icmp=3.3
5 2017-01-27T16:24:49Z icmp 10.0.0.1 > 192.0.2.7 pkts=1 flags=SA/ icmp=8.0`},

	{name: "semicolons and floats of a data frame", text: `Source IP;Source Port;Destination IP;Destination Port;Protocol;Timestamp;Flow Duration;Src Bytes;Class
10.0.0.1;53.0;192.0.2.7;443.0;17.0;2017-01-27 16:24:49;1500000;117.0;benign
10.0.0.1;;192.0.2.7;NaN;6;2017-01-27 16:24:49;-5;None;(empty)
`, want: `2 2017-01-27T16:24:49Z +1.5s udp 10.0.0.1 53 > 192.0.2.7 443 up=117 label=benign
3 2017-01-27T16:24:49Z +0s tcp 10.0.0.1 > 192.0.2.7`},

	{name: "Filebeat, exported", text: `@timestamp,source.ip,source.port,destination.ip,destination.port,network.transport,event.duration,source.bytes,destination.bytes,host.ip
"2021-06-06T15:59:46.457+07:00",192.0.2.10,53.0,198.51.100.7,443.0,tcp,1500000000.0,117.0,900.0,"['192.0.2.10', 'fe80::1']"
"2021-06-06T15:59:46.457984+0700",192.0.2.10,,198.51.100.7,,ipv6-icmp,9.5e8,117.0,,"['192.0.2.10', 'fe80::1']"
2021-06-06T08:59:46.457Z,fe80:0000:0000:0000:0000:0000:0000:0001,5353.0,ff02::fb,5353.0,udp,,,,"['192.0.2.10
`, want: `2 2021-06-06T08:59:46.457Z +1.5s tcp 192.0.2.10 53 > 198.51.100.7 443 up=117 down=900
3 2021-06-06T08:59:46.457984Z +950ms ipv6-icmp 192.0.2.10 > 198.51.100.7 up=117
4 2021-06-06T08:59:46.457Z udp fe80::1 5353 > ff02::fb 5353`},

	{name: "protocols without ports", text: `ts,src_ip,src_port,dst_ip,dst_port,proto,duration
2017-01-27 16:24:49,10.0.0.1,0,192.0.2.7,0,gre,1.5e-05
2017-01-27 16:24:49,10.0.0.1,0,192.0.2.7,0,IGMP ,0
2017-01-27 16:24:49,10.0.0.1,0,192.0.2.7,0,unknown_transport,x
2017-01-27 16:24:49,10.0.0.1,0,192.0.2.7,0,UDP,-0.1
2017-01-27 16:24:49,10.0.0.1,0,192.0.2.7,0,IPv6-ICMP,1
2017-01-27 16:24:49,10.0.0.1,0,192.0.2.7,8,icmp,1
`, want: `2 2017-01-27T16:24:49Z +15µs gre 10.0.0.1 > 192.0.2.7
3 2017-01-27T16:24:49Z +0s igmp 10.0.0.1 > 192.0.2.7
4 2017-01-27T16:24:49Z unknown 10.0.0.1 > 192.0.2.7
5 2017-01-27T16:24:49Z +0s udp 10.0.0.1 0 > 192.0.2.7 0
6 2017-01-27T16:24:49Z +1s ipv6-icmp 10.0.0.1 > 192.0.2.7 icmp=0.0
7 2017-01-27T16:24:49Z +1s icmp 10.0.0.1 > 192.0.2.7 icmp=8.0`},

	{name: "dates of which nobody knows the order are no times", text: `ts,src_ip,dst_ip
13/02/2026 09:00:00,10.0.0.1,192.0.2.7
02/03/2026 09:00:00,10.0.0.1,192.0.2.7
2026-03-02 09:00:00,10.0.0.1,192.0.2.7
2026-02-30 09:00:00,10.0.0.1,192.0.2.7
`, want: `4 2026-03-02T09:00:00Z 10.0.0.1 > 192.0.2.7
bad 2: ts "13/02/2026 09:00:00": not a time
bad 3: ts "02/03/2026 09:00:00": not a time
bad 5: ts "2026-02-30 09:00:00": not a time`},

	{name: "bars, as SiLK writes them", text: `           sIP|           dIP|sPort|dPort|pro|packets|bytes|flags|sTime|
      10.0.0.1|     192.0.2.7|40001|  443|  6|     10|  900| S PA  |2017/01/27T16:24:49.123|
`, want: `2 2017-01-27T16:24:49.123Z tcp 10.0.0.1 40001 > 192.0.2.7 443 up=900 pkts=10 flags=SPA/`},

	{name: "quoted fields", text: `"ts","src_ip","dst_ip","service","label"
"2017-01-27 16:24:49","10.0.0.1","192.0.2.7","a,b","say ""hi"", twice"
2017-01-27 16:24:50,10.0.0.1,192.0.2.7,"",x"y"
2017-01-27 16:24:51,10.0.0.1,192.0.2.7,"open,z
`, want: `2 2017-01-27T16:24:49Z 10.0.0.1 > 192.0.2.7 service=a,b label=say "hi", twice
3 2017-01-27T16:24:50Z 10.0.0.1 > 192.0.2.7 label=x"y"
bad 4: quote is not closed`},

	{name: "a byte order mark, odd names, repeated headers", text: "\ufeffTs,SRC-IP,Dst.Ip,src bytes\n" + `2017-01-27 16:24:49,10.0.0.1,192.0.2.7,5
Ts,SRC-IP,Dst.Ip,src bytes
2017-01-27 16:24:50,10.0.0.1,192.0.2.7,6
` + "\ufeffTs,SRC-IP,Dst.Ip,src bytes\n\ufeff2017-01-27 16:24:51,10.0.0.1,192.0.2.7,7\n\ufeff\n",
		want: `2 2017-01-27T16:24:49Z 10.0.0.1 > 192.0.2.7 up=5
4 2017-01-27T16:24:50Z 10.0.0.1 > 192.0.2.7 up=6
6 2017-01-27T16:24:51Z 10.0.0.1 > 192.0.2.7 up=7
skipped 3`},

	{name: "columns missing at the end", text: `ts,src_ip,dst_ip,dst_port,src_bytes
2017-01-27 16:24:49,10.0.0.1,192.0.2.7
2017-01-27 16:24:49,10.0.0.1,192.0.2.7,443
2017-01-27 16:24:49,10.0.0.1
,10.0.0.1,192.0.2.7,443,5
-,10.0.0.1,192.0.2.7,443,5
2017-01-27 16:24:49,10.0.0.1,192.0.2.7,http,5
`, want: `2 2017-01-27T16:24:49Z 10.0.0.1 > 192.0.2.7
3 2017-01-27T16:24:49Z 10.0.0.1 > 192.0.2.7 443
bad 4: 2 columns, need 3
bad 5: ts "": not a time
bad 6: ts "-": not a time
bad 7: dst_port "http": not a port`},

	{name: "a header behind other lines", text: `Report of the day

# made by hand
ts,src_ip,dst_ip
2017-01-27 16:24:49,10.0.0.1,192.0.2.7
`, want: `5 2017-01-27T16:24:49Z 10.0.0.1 > 192.0.2.7
bad 1: ts "Report of the day": not a time
skipped 1`},

	{name: "seconds", text: "ts,src,dst\n1485534289.25,10.0.0.1,192.0.2.7\n15,10.0.0.1,192.0.2.7\n-1.5,10.0.0.1,192.0.2.7\n",
		want: "2 2017-01-27T16:24:49.25Z 10.0.0.1 > 192.0.2.7\n3 1970-01-01T00:00:15Z 10.0.0.1 > 192.0.2.7\n4 1969-12-31T23:59:58.5Z 10.0.0.1 > 192.0.2.7"},
	{name: "milliseconds", text: "ts,src,dst\n1485534289250,10.0.0.1,192.0.2.7\n15,10.0.0.1,192.0.2.7\n",
		want: "2 2017-01-27T16:24:49.25Z 10.0.0.1 > 192.0.2.7\n3 1970-01-01T00:00:00.015Z 10.0.0.1 > 192.0.2.7"},
	{name: "milliseconds with a fraction", text: "ts,src,dst\n1485534289250.0,10.0.0.1,192.0.2.7\n",
		want: "2 2017-01-27T16:24:49.25Z 10.0.0.1 > 192.0.2.7"},
	{name: "microseconds", text: "ts,src,dst\n1485534289250001,10.0.0.1,192.0.2.7\n", want: "2 2017-01-27T16:24:49.250001Z 10.0.0.1 > 192.0.2.7"},
	{name: "nanoseconds", text: "ts,src,dst\n1485534289250000001,10.0.0.1,192.0.2.7\n", want: "2 2017-01-27T16:24:49.250000001Z 10.0.0.1 > 192.0.2.7"},
	{name: "units that the names tell", text: "start_ms,src,dst,duration_ms\n15,10.0.0.1,192.0.2.7,1500\n",
		want: "2 1970-01-01T00:00:00.015Z +1.5s 10.0.0.1 > 192.0.2.7"},
	{name: "start and end in milliseconds", text: "flow_start_milliseconds,flow_end_milliseconds,src,dst\n1485534289250,1485534289750,10.0.0.1,192.0.2.7\n",
		want: "2 2017-01-27T16:24:49.25Z +500ms 10.0.0.1 > 192.0.2.7"},
	{name: "ends long before and behind their starts", text: "start,end,src,dst\n2261-01-01 00:00:00,1678-01-01 00:00:00,10.0.0.1,192.0.2.7\n1678-01-01 00:00:00,2261-01-01 00:00:00,10.0.0.1,192.0.2.7\n",
		want: "2 2261-01-01T00:00:00Z +0s 10.0.0.1 > 192.0.2.7\n3 1678-01-01T00:00:00Z +2562047h47m16.854775807s 10.0.0.1 > 192.0.2.7"},
	{name: "a duration goes before an end", text: "ts,te,td,sa,da\n2017-01-27 16:24:49,2017-01-27 16:24:59,1.5,10.0.0.1,192.0.2.7\n",
		want: "2 2017-01-27T16:24:49Z +1.5s 10.0.0.1 > 192.0.2.7"},
	{name: "times with a T in a table", zone: "Asia/Kolkata", text: "ts,src,dst\n2017-01-27T16:24:49,10.0.0.1,192.0.2.7\n2017-01-27T16:24:49.5Z,10.0.0.1,192.0.2.7\n",
		want: "2 2017-01-27T10:54:49Z 10.0.0.1 > 192.0.2.7\n3 2017-01-27T16:24:49.5Z 10.0.0.1 > 192.0.2.7"},
}
