package engine

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// address is where a server listens: a host of its own, and as many ports as it needs.
type address struct {
	host  string
	ports []int
}

// at is the host with the i-th port.
func (a address) at(i int) string { return net.JoinHostPort(a.host, strconv.Itoa(a.ports[i])) }

// freeAddress finds an address where nobody listens on any of the ports. Nothing is reserved: it is free because nobody else
// picks the same one of four million.
func freeAddress(ports ...int) (address, error) {
	for range 20 {
		host := fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254))
		if a, err := listenable(host, ports); err == nil {
			return a, nil
		}
	}
	// Either there is no other address than this one, or somebody listens on these ports everywhere.
	return listenable("127.0.0.1", make([]int, len(ports)))
}

// listenable tries to listen on all ports of a host at the same time. A port 0 stands for any that is free.
func listenable(host string, ports []int) (_ address, err error) {
	a := address{host: host}
	for _, port := range ports {
		l, listenErr := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if listenErr != nil {
			return address{}, listenErr
		}
		defer func() { err = errors.Join(err, l.Close()) }()
		a.ports = append(a.ports, l.Addr().(*net.TCPAddr).Port)
	}
	return a, nil
}
