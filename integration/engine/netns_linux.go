package engine

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// namespace is a network of its own, with addresses that nobody outside of it reaches. The empty name is that of the test.
type namespace string

// enter moves the thread of the calling goroutine into the namespace. The goroutine has locked the thread, and never unlocks it.
func (n namespace) enter() error {
	if n == "" {
		return nil
	}
	file, err := os.Open(filepath.Join("/run/netns", string(n)))
	if err != nil {
		return err
	}
	defer file.Close()
	return unix.Setns(int(file.Fd()), unix.CLONE_NEWNET)
}

// dial connects from within the namespace. The address is one of numbers: no name is looked up here.
func (n namespace) dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // the thread ends with the goroutine, so that no other one continues in the namespace
		if err = n.enter(); err == nil {
			conn, err = new(net.Dialer).DialContext(ctx, network, address)
		}
	}()
	<-done
	return conn, err
}

// pids returns the processes in the namespace. The test is none of them, although its first thread may be there.
func (n namespace) pids() (all []int, err error) {
	list, err := ip("netns", "pids", string(n))
	if err != nil {
		return nil, err
	}
	for _, word := range strings.Fields(list) {
		pid, err := strconv.Atoi(word)
		if err != nil {
			return nil, err
		}
		if pid != os.Getpid() {
			all = append(all, pid)
		}
	}
	return all, nil
}

// kill kills all processes in the namespace.
func (n namespace) kill() error {
	pids, err := n.pids()
	if err != nil {
		return err
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && err != syscall.ESRCH {
			return err
		}
	}
	return nil
}

// ip runs the program of that name, which makes networks.
func ip(args ...string) (string, error) {
	out, err := exec.Command("ip", args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

// twoSides makes a network of two sides that can be separated. The namespaces of each side have the addresses given for them.
func twoSides(switches namespace, left, right map[namespace]string) error {
	steps := [][]string{
		{"netns", "add", string(switches)},
		{"-n", string(switches), "link", "add", leftSwitch, "type", "bridge"},
		{"-n", string(switches), "link", "add", rightSwitch, "type", "bridge"},
		{"-n", string(switches), "link", "set", leftSwitch, "up"},
		{"-n", string(switches), "link", "set", rightSwitch, "up"},
		{"-n", string(switches), "link", "add", middle, "type", "veth", "peer", "name", otherMiddle},
		{"-n", string(switches), "link", "set", middle, "master", leftSwitch, "up"},
		{"-n", string(switches), "link", "set", otherMiddle, "master", rightSwitch, "up"},
	}
	cables := 0
	for side, members := range map[string]map[namespace]string{leftSwitch: left, rightSwitch: right} {
		for n, address := range members {
			cables++
			cable := "cable" + strconv.Itoa(cables)
			steps = append(steps, [][]string{
				{"netns", "add", string(n)},
				{"-n", string(switches), "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", string(n)},
				{"-n", string(switches), "link", "set", cable, "master", side, "up"},
				{"-n", string(n), "addr", "add", address + "/24", "dev", "eth0"},
				{"-n", string(n), "link", "set", "eth0", "up"},
				{"-n", string(n), "link", "set", "lo", "up"},
			}...)
		}
	}
	for _, step := range steps {
		if _, err := ip(step...); err != nil {
			return err
		}
	}
	return nil
}

// The devices in the namespace of the switches.
const (
	leftSwitch  = "left"
	rightSwitch = "right"
	middle      = "middle0"
	otherMiddle = "middle1"
)
