package exposure

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/exposure/service"
)

// Class is what kind of thing a service is; it decides how bad it is that strangers reach it.
type Class string

// The classes.
const (
	Web       Class = "web"
	Mail      Class = "mail"
	Shell     Class = "shell"
	Database  Class = "database"
	Cache     Class = "cache"
	Queue     Class = "queue"
	Container Class = "container"
	Erlang    Class = "erlang"
	Remote    Class = "remote desktop"
	Files     Class = "files"
	Metrics   Class = "metrics"
	Other     Class = "other"
)

// reachable is how bad it is that an unexpected service of a class can be reached from the Internet at all. Databases and
// their like are built for networks in which everybody is a friend; web, mail and shell are built for strangers.
var reachable = map[Class]scan.Severity{
	Web: scan.Info, Mail: scan.Info, Shell: scan.Info, Database: scan.High, Cache: scan.High, Queue: scan.High, Container: scan.High, Erlang: scan.High,
	Remote: scan.High, Files: scan.Medium, Metrics: scan.Low, Other: scan.Info,
}

// usual are the ports that mean something, with the name of what usually listens there.
var usual = map[int]struct {
	name  string
	class Class
}{
	21: {"FTP", Files}, 22: {"SSH", Shell}, 23: {"telnet", Remote}, 25: {"SMTP", Mail}, 53: {"DNS", Other}, 69: {"TFTP", Files}, 79: {"finger", Other}, 80: {"HTTP", Web},
	81: {"HTTP", Web}, 88: {"Kerberos", Other}, 110: {"POP3", Mail}, 111: {"portmapper", Files}, 113: {"ident", Other}, 119: {"NNTP", Other}, 135: {"Windows RPC", Remote},
	139: {"NetBIOS", Files}, 143: {"IMAP", Mail}, 161: {"SNMP", Metrics}, 179: {"BGP", Other}, 389: {"LDAP", Database}, 443: {"HTTPS", Web}, 445: {"SMB", Remote},
	465: {"SMTPS", Mail}, 502: {"Modbus", Remote}, 512: {"rexec", Remote}, 513: {"rlogin", Remote}, 514: {"rsh", Remote}, 515: {"printer", Other}, 548: {"AFP", Files},
	554: {"RTSP", Other}, 587: {"SMTP", Mail}, 593: {"Windows RPC", Remote}, 623: {"IPMI", Remote}, 631: {"IPP", Other}, 636: {"LDAPS", Database}, 853: {"DNS over TLS", Other},
	873: {"rsync", Files}, 902: {"VMware", Remote}, 990: {"FTPS", Files}, 993: {"IMAPS", Mail}, 995: {"POP3S", Mail}, 1080: {"SOCKS", Other}, 1099: {"Java RMI", Remote},
	1194: {"OpenVPN", Other}, 1433: {"SQL Server", Database}, 1434: {"SQL Server", Database}, 1521: {"Oracle", Database}, 1723: {"PPTP", Other}, 1883: {"MQTT", Queue},
	2049: {"NFS", Files}, 2082: {"cPanel", Web}, 2083: {"cPanel", Web}, 2086: {"WHM", Web}, 2087: {"WHM", Web}, 2121: {"FTP", Files}, 2181: {"ZooKeeper", Queue},
	2200: {"SSH", Shell}, 2222: {"SSH", Shell}, 2375: {"Docker", Container}, 2376: {"Docker", Container}, 2377: {"Docker Swarm", Container}, 2379: {"etcd", Database},
	2380: {"etcd", Database}, 2525: {"SMTP", Mail}, 3000: {"HTTP", Web}, 3001: {"HTTP", Web}, 3128: {"HTTP proxy", Other}, 3268: {"LDAP", Database}, 3306: {"MySQL", Database},
	3307: {"MySQL", Database}, 3389: {"Remote Desktop", Remote}, 3690: {"Subversion", Files}, 4000: {"HTTP", Web}, 4001: {"HTTP", Web}, 4222: {"NATS", Queue},
	4243: {"Docker", Container}, 4369: {"epmd", Erlang}, 4444: {"HTTP", Web}, 4505: {"Salt", Remote}, 4506: {"Salt", Remote}, 4848: {"GlassFish", Web}, 5000: {"HTTP", Web},
	5001: {"HTTP", Web}, 5044: {"Logstash", Queue}, 5060: {"SIP", Other}, 5222: {"XMPP", Other}, 5269: {"XMPP", Other}, 5432: {"PostgreSQL", Database},
	5433: {"PostgreSQL", Database}, 5555: {"Android debugging", Remote}, 5601: {"Kibana", Web}, 5671: {"AMQPS", Queue}, 5672: {"AMQP", Queue}, 5900: {"VNC", Remote},
	5901: {"VNC", Remote}, 5938: {"TeamViewer", Remote}, 5984: {"CouchDB", Database}, 5985: {"WinRM", Remote}, 5986: {"WinRM", Remote}, 6000: {"X11", Remote},
	6082: {"Varnish", Cache}, 6379: {"Redis", Cache}, 6380: {"Redis", Cache}, 6443: {"Kubernetes", Container}, 6660: {"IRC", Other}, 6667: {"IRC", Other}, 6697: {"IRC", Other},
	7000: {"Cassandra", Database}, 7001: {"WebLogic", Web}, 7077: {"Spark", Queue}, 7199: {"Cassandra's JMX", Remote}, 7474: {"Neo4j", Database}, 7687: {"Neo4j", Database},
	8000: {"HTTP", Web}, 8001: {"HTTP", Web}, 8005: {"Tomcat's shutdown", Remote}, 8009: {"AJP", Remote}, 8080: {"HTTP", Web}, 8081: {"HTTP", Web}, 8086: {"InfluxDB", Database},
	8088: {"HTTP", Web}, 8089: {"Splunk", Web}, 8123: {"ClickHouse", Database}, 8161: {"ActiveMQ", Web}, 8200: {"Vault", Web}, 8300: {"Consul", Container},
	8301: {"Consul", Container}, 8443: {"HTTPS", Web}, 8500: {"Consul", Container}, 8529: {"ArangoDB", Database}, 8649: {"Ganglia", Metrics}, 8883: {"MQTT", Queue},
	8888: {"HTTP", Web}, 8983: {"Solr", Database}, 9000: {"HTTP", Web}, 9001: {"HTTP", Web}, 9042: {"Cassandra", Database}, 9090: {"Prometheus", Metrics},
	9091: {"Prometheus", Metrics}, 9092: {"Kafka", Queue}, 9093: {"Alertmanager", Metrics}, 9100: {"node exporter", Metrics}, 9160: {"Cassandra", Database},
	9200: {"Elasticsearch", Database}, 9300: {"Elasticsearch", Database}, 9411: {"Zipkin", Metrics}, 9418: {"git", Files}, 9443: {"HTTPS", Web},
	9999: {"HTTP", Web}, 10000: {"Webmin", Web}, 10050: {"Zabbix", Metrics}, 10051: {"Zabbix", Metrics}, 10250: {"kubelet", Container}, 10255: {"kubelet", Container},
	10256: {"kube-proxy", Container}, 11211: {"memcached", Cache}, 11371: {"HKP", Other}, 15672: {"RabbitMQ's console", Web}, 15692: {"RabbitMQ's metrics", Metrics},
	16379: {"Redis", Cache}, 16443: {"Kubernetes", Container}, 16686: {"Jaeger", Metrics}, 19999: {"Netdata", Metrics}, 22222: {"SSH", Shell}, 25565: {"Minecraft", Other},
	25672: {"RabbitMQ's distribution", Erlang}, 26257: {"CockroachDB", Database}, 26379: {"Redis", Cache}, 27017: {"MongoDB", Database}, 27018: {"MongoDB", Database},
	27019: {"MongoDB", Database}, 28015: {"RethinkDB", Database}, 28017: {"MongoDB", Database}, 33060: {"MySQL", Database}, 50000: {"Db2", Database}, 50070: {"Hadoop", Files},
	54321: {"HTTP", Web}, 61613: {"STOMP", Queue}, 61616: {"ActiveMQ", Queue},
}

// further are ports at which applications and their consoles are often found. The last rows are those to which releases
// of Elixir and Erlang are usually told to keep their distribution, and where their dashboards stand.
var further = []int{
	82, 83, 84, 85, 90, 808, 888, 1000, 1024, 1025, 1026, 1027, 1028, 1029, 1110, 1234, 1311, 1337, 2000, 2001, 2030, 2095, 2096, 2480, 3002, 3003, 3030, 3200, 3260, 3333,
	3479, 3780, 4002, 4040, 4100, 4200, 4321, 4430, 4433, 4567, 4646, 4711, 4747, 4899, 4949, 5002, 5003, 5050, 5080, 5100, 5108, 5190, 5357, 5666, 5800, 6001, 6066, 6666, 7002,
	7070, 7443, 7777, 7946, 8002, 8008, 8010, 8020, 8042, 8060, 8069, 8082, 8083, 8084, 8085, 8087, 8090, 8091, 8099, 8118, 8181, 8222, 8280, 8333, 8400, 8444, 8545, 8787, 8800,
	8834, 8880, 8889, 9002, 9003, 9009, 9043, 9080, 9094, 9095, 9115, 9121, 9187, 9444, 9500, 9600, 9898, 9990, 10001, 10080, 10443, 12345, 18080, 20000, 20880, 32400,
	40000, 49152, 49153, 49154, 55553, 60000,
	4010, 4020, 4443,
	9101, 9102, 9103, 9104, 9105, 9106, 9107, 9108, 9109, 9110,
}

// Common are the ports that are looked at where none are named.
func Common() []int {
	all := slices.Clone(further)
	for p := range usual {
		all = append(all, p)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// ParsePorts reads "common", "all", or numbers and ranges between commas: 22,80,8000-8100.
func ParsePorts(text string) ([]int, error) {
	if len(text) > 4096 {
		return nil, fmt.Errorf("a list of ports has 4096 bytes at the most; this has %d", len(text))
	}
	var all []int
	for part := range strings.SplitSeq(text, ",") {
		switch part = strings.TrimSpace(part); part {
		case "common":
			all = append(all, Common()...)
			continue
		case "all":
			part = "1-65535"
		}
		from, to, ranged := strings.Cut(part, "-")
		first, err := port(from)
		last := first
		if err == nil && ranged {
			last, err = port(to)
		}
		if err != nil {
			return nil, fmt.Errorf("ports %.40q: %w; want common, all, or a list such as 22,80,8000-8100", text, err)
		}
		if last < first {
			return nil, fmt.Errorf("ports %.40q: %s goes backwards", text, part)
		}
		for p := first; p <= last; p++ {
			all = append(all, p)
		}
		if len(all) > 4*65535 {
			return nil, fmt.Errorf("ports %.40q: the same ones are named over and over", text)
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

func port(text string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n < 1 || n > 65535 {
		return 0, fmt.Errorf("%.20q is no port from 1 to 65535", text)
	}
	return n, nil
}

// Ports writes a list short: 22, 80, 8000-8003.
func Ports(list []int) string {
	var parts []string
	for i := 0; i < len(list); {
		j := i
		for j+1 < len(list) && list[j+1] == list[j]+1 {
			j++
		}
		if j > i+1 {
			parts = append(parts, fmt.Sprintf("%d-%d", list[i], list[j]))
			i = j + 1
			continue
		}
		parts = append(parts, strconv.Itoa(list[i]))
		i++
	}
	const most = 30
	if len(parts) > most {
		parts = append(parts[:most], fmt.Sprintf("and %d more", len(parts)-most))
	}
	return strings.Join(parts, ", ")
}

// services are the names and classes of what was recognised.
var services = map[string]struct {
	title string
	class Class
}{
	"http": {"HTTP", Web}, "tls": {"TLS", Other}, "ssh": {"SSH", Shell}, "smtp": {"SMTP", Mail}, "imap": {"IMAP", Mail}, "pop3": {"POP3", Mail}, "ftp": {"FTP", Files},
	"telnet": {"telnet", Remote}, "vnc": {"VNC", Remote}, "rsync": {"rsync", Files}, "nats": {"NATS", Queue}, "mysql": {"MySQL", Database}, "redis": {"Redis", Cache},
	"memcached": {"memcached", Cache}, "postgresql": {"PostgreSQL", Database}, "mongodb": {"MongoDB", Database}, "cassandra": {"Cassandra", Database},
	"zookeeper": {"ZooKeeper", Queue}, "epmd": {"epmd", Erlang}, "erlang": {"Erlang distribution", Erlang}, "amqp": {"AMQP", Queue}, "mqtt": {"MQTT", Queue},
	"elasticsearch": {"Elasticsearch", Database}, "opensearch": {"OpenSearch", Database}, "couchdb": {"CouchDB", Database}, "influxdb": {"InfluxDB", Database},
	"clickhouse": {"ClickHouse", Database}, "etcd": {"etcd", Database}, "consul": {"Consul", Container}, "docker": {"Docker's API", Container},
	"kubernetes": {"Kubernetes' API", Container}, "kubelet": {"kubelet", Container}, "prometheus": {"Prometheus", Metrics}, "grafana": {"Grafana", Web},
	"rabbitmq-management": {"RabbitMQ's console", Web}, "jenkins": {"Jenkins", Web}, "kibana": {"Kibana", Web}, "portainer": {"Portainer", Web}, "vault": {"Vault", Web},
	"traefik": {"Traefik's dashboard", Web},
}

// what names a service and its class: by what was recognised, else by the number.
func what(number int, s service.Service) (title string, class Class, sure bool) {
	if k, ok := services[s.Name]; ok {
		title, class = k.title, k.class
		if s.Name == "http" && s.TLS != nil {
			title = "HTTPS"
		}
		return title, class, true
	}
	if s.TLS != nil {
		return "TLS", Other, true
	}
	if u, ok := usual[number]; ok {
		return u.name, u.class, false
	}
	return "", Other, false
}

// Reachable is how bad it is that an unexpected service of a class can be reached from the Internet.
func Reachable(c Class) scan.Severity { return reachable[c] }
