package service

// hints are the languages that are usual at a port. Inside TLS those with an s at the end speak as their plain kin.
var hints = map[int]string{
	21: "greets", 22: "greets", 23: "greets", 25: "greets", 110: "greets", 143: "greets", 587: "greets", 873: "greets", 2121: "greets", 2200: "greets", 2222: "greets",
	2525: "greets", 3306: "greets", 3307: "greets", 4222: "greets", 5900: "greets", 5901: "greets", 22222: "greets", 33060: "greets",
	80: "http", 81: "http", 443: "tls", 465: "tls", 636: "tls", 853: "tls", 990: "tls", 993: "tls", 995: "tls", 2376: "tls", 4443: "tls", 5671: "tls", 6443: "tls", 8443: "tls", 8883: "tls",
	9443: "tls", 10250: "tls", 16443: "tls",
	1883: "mqtt", 2181: "zookeeper", 2375: "http", 2379: "http", 2380: "http", 4369: "epmd", 5432: "postgresql", 5433: "postgresql", 5672: "amqp", 6379: "redis",
	6380: "redis", 8200: "http", 9042: "cassandra", 9200: "http", 11211: "memcached", 15672: "http", 26379: "redis", 27017: "mongodb", 27018: "mongodb", 27019: "mongodb",
}

var insideHints = map[int]string{465: "greets", 990: "greets", 993: "greets", 995: "greets", 5671: "amqp", 8883: "mqtt", 6380: "redis"}

// Hint gives the language that is usual at a port, by itself or inside TLS.
func Hint(port int, secured bool) string {
	if !secured {
		return hints[port]
	}
	if h := insideHints[port]; h != "" {
		return h
	}
	return "http"
}
