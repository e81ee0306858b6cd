-- The five detections, as exactly as SQL can say them at a reasonable price.
-- Alerts below severity low are counted, the others are written, as Seine
-- does by default. One thing differs: the port-fanout threshold is the 90th
-- percentile at the end of the input, not the running one, which SQL could
-- only express by sorting all counts again for each flow.

CREATE TEMP TABLE flows AS
SELECT ts, src_ip, dst_ip, dst_port, protocol, src_port, src_bytes, dst_bytes FROM $INPUT;

CREATE TEMP TABLE listed AS
SELECT DISTINCT trim(ip) AS ip FROM read_csv($BLACKLIST, header=false, auto_detect=false, columns={ip:'VARCHAR'});

CREATE TEMP TABLE popular AS SELECT unnest([80, 8080, 443, 22, 53, 123, 143, 993])::USMALLINT AS port;

CREATE TEMP TABLE alerts (
    detector VARCHAR, rule VARCHAR, "row" BIGINT, role VARCHAR, ip VARCHAR, dst_ip VARCHAR, dst_port USMALLINT,
    ports BIGINT, threshold DOUBLE, "window" TIMESTAMP, connections BIGINT, src_bytes BIGINT, dst_bytes BIGINT
);

-- basic
INSERT INTO alerts BY NAME
SELECT 'basic' AS detector, 'interesting-port' AS rule, rowid + 1 AS "row", src_ip AS ip, dst_ip, dst_port
FROM flows WHERE dst_port IN (0, 81, 82);

INSERT INTO alerts BY NAME
SELECT 'basic' AS detector, 'broadcast-destination' AS rule, rowid + 1 AS "row", src_ip AS ip, dst_ip, dst_port
FROM flows
WHERE dst_ip = '255.255.255.255'
  AND NOT (protocol = 'udp' AND src_ip = '0.0.0.0' AND src_port = 68 AND dst_port = 67);

CREATE TEMP MACRO private(ip) AS
    starts_with(ip, '10.') OR starts_with(ip, '192.168.')
    OR (starts_with(ip, '172.') AND split_part(ip, '.', 2)::INT BETWEEN 16 AND 31)
    OR starts_with(ip, 'fc') OR starts_with(ip, 'fd');

SELECT 'zero-bytes', count(*) FROM flows WHERE src_bytes = 0 AND dst_bytes = 0;
SELECT 'private-pair', count(*) FROM flows WHERE private(src_ip) AND private(dst_ip);

-- blacklist
INSERT INTO alerts BY NAME
SELECT 'blacklist' AS detector, 'blacklisted' AS rule, f.rowid + 1 AS "row", 'src' AS role, ip, f.dst_ip, dst_port
FROM flows f JOIN listed ON f.src_ip = ip;

INSERT INTO alerts BY NAME
SELECT 'blacklist' AS detector, 'blacklisted' AS rule, f.rowid + 1 AS "row", 'dst' AS role, ip, f.src_ip AS dst_ip, dst_port
FROM flows f JOIN listed ON f.dst_ip = ip;

-- port-activity
CREATE TEMP TABLE port_dst AS
SELECT dst_port, dst_ip, min(rowid) AS first, count(*) AS connections, sum(src_bytes) AS bytes_up, sum(dst_bytes) AS bytes_down
FROM flows ANTI JOIN popular ON dst_port = port GROUP BY ALL;

CREATE TEMP TABLE port_src AS
SELECT dst_port, src_ip, min(rowid) AS first
FROM flows ANTI JOIN popular ON dst_port = port GROUP BY ALL;

CREATE TEMP TABLE port_summary AS
SELECT * FROM
    (SELECT dst_port, count(*) AS destinations, sum(connections) AS connections, sum(bytes_up) AS bytes_up, sum(bytes_down) AS bytes_down
     FROM port_dst GROUP BY dst_port)
    JOIN (SELECT dst_port, count(*) AS sources FROM port_src GROUP BY dst_port) USING (dst_port);

SELECT 'first-use dst', count(*) FROM port_dst;
SELECT 'first-use src', count(*) FROM port_src;

-- port-fanout
CREATE TEMP TABLE fanout AS
SELECT ip, count(*) AS ports, bool_or(dst_port NOT IN (FROM popular)) AS unpopular,
    sum(connections) AS connections, sum(bytes_up) AS bytes_up, sum(bytes_down) AS bytes_down
FROM (
    SELECT ip, dst_port, count(*) AS connections, sum(up) AS bytes_up, sum(down) AS bytes_down
    FROM (
        SELECT src_ip AS ip, dst_port, src_bytes AS up, dst_bytes AS down FROM flows
        UNION ALL
        SELECT dst_ip, dst_port, dst_bytes, src_bytes FROM flows
    ) GROUP BY ip, dst_port
) GROUP BY ip;

INSERT INTO alerts BY NAME
SELECT 'port-fanout' AS detector, 'too-many-ports' AS rule, ip, ports, threshold
FROM fanout, (SELECT quantile_cont(ports, 0.9) AS threshold FROM fanout)
WHERE ports > threshold AND unpopular;

INSERT INTO alerts BY NAME
SELECT 'port-fanout' AS detector, 'over-100-ports' AS rule, ip, ports FROM fanout WHERE ports > 100;

-- iqr-outlier: the counts of ports first, which decide; the other values of
-- the few outliers afterwards, for that is cheaper.
CREATE TEMP TABLE pairs AS
SELECT (epoch_us(ts) // 10000000)::INT AS win, src_ip, dst_ip, count(DISTINCT dst_port)::USMALLINT AS ports
FROM flows GROUP BY ALL;

INSERT INTO alerts BY NAME
WITH fences AS (
    SELECT win, q[1] - 3 * (q[2] - q[1]) AS low, q[2] + 3 * (q[2] - q[1]) AS high
    FROM (SELECT win, quantile_cont(ports, [0.25, 0.75]) AS q FROM pairs GROUP BY win HAVING count(*) > 1)
), outliers AS (
    FROM pairs JOIN fences USING (win) WHERE ports > high OR ports < low
)
SELECT 'iqr-outlier' AS detector, 'outlier' AS rule, min(f.rowid) + 1 AS "row", o.src_ip AS ip, o.dst_ip, ports,
    high AS threshold, make_timestamp(win * 10000000::BIGINT) AS "window",
    count(*) AS connections, sum(src_bytes) AS src_bytes, sum(dst_bytes) AS dst_bytes
FROM flows f JOIN outliers o ON epoch_us(ts) // 10000000 = win AND f.src_ip = o.src_ip AND f.dst_ip = o.dst_ip
GROUP BY win, o.src_ip, o.dst_ip, ports, high;

SELECT rule, count(*) FROM alerts GROUP BY rule ORDER BY rule;

COPY alerts TO $OUTPUT (FORMAT json);
