package engine

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// address is a host of a server and its ports.
type address struct {
	host  string
	ports []int
}

// at returns the host with port i.
func (a address) at(i int) string { return net.JoinHostPort(a.host, strconv.Itoa(a.ports[i])) }

// freeAddress returns an address whose ports are free. It does not reserve them: another program is unlikely to pick the
// same address of four million.
func freeAddress(ports ...int) (address, error) {
	for range 20 {
		host := fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254))
		if a, err := listenable(host, ports); err == nil {
			return a, nil
		}
	}
	// Only this address exists, or another program listens on these ports on all addresses.
	return listenable("127.0.0.1", make([]int, len(ports)))
}

// listenable listens on all ports of a host for a moment. Port 0 stands for any free port.
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
