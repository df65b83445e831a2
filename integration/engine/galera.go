package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// galeraNodes is the number of nodes of a cluster. Without one of them, the others still are the majority.
const galeraNodes = 3

// Galera is a cluster of three MariaDB servers, its nodes 0, 1 and 2. Each has all data and accepts writes. A single node accepts
// neither writes nor reads.
type Galera struct{ nodes []*MariaDB }

// The ports of a node, in the order of its address.
const (
	galeraClients = iota
	galeraGroup   // for other nodes
	galeraMissed  // for missed changes
	galeraCopy    // for a copy of all data
)

// StartGalera makes an empty cluster in a folder and starts it. A node that was down receives the missed changes from
// another one, or a copy of all data by rsync.
func StartGalera(dir string, opts *Options) (*Galera, error) {
	g, err := newGalera(dir, opts.fast())
	if err != nil {
		return nil, fmt.Errorf("start Galera: %w", err)
	}
	if err := g.startEmpty(); err != nil {
		return nil, fmt.Errorf("start Galera: %w", errors.Join(err, g.Stop()))
	}
	return g, nil
}

// newGalera prepares everything but the data.
func newGalera(dir string, fast bool) (*Galera, error) {
	library, err := galeraLibrary()
	if err != nil {
		return nil, err
	}
	if _, err := exec.LookPath("rsync"); err != nil {
		return nil, missing("rsync", "rsync")
	}
	g := new(Galera)
	var group []string
	for i := range galeraNodes {
		m, err := newMariaDB(filepath.Join(dir, "node"+strconv.Itoa(i)), fast, 3306, 4567, 4568, 4444)
		if err != nil {
			return nil, err
		}
		g.nodes = append(g.nodes, m)
		group = append(group, m.address.at(galeraGroup))
	}
	for i, m := range g.nodes {
		m.server.limit = 2 * time.Minute
		m.server.ready = m.synced
		m.server.program.args = append(m.server.program.args,
			"--wsrep-on=ON",
			"--wsrep-provider="+library,
			"--wsrep-cluster-name=apitoken",
			"--wsrep-cluster-address=gcomm://"+strings.Join(group, ","),
			"--wsrep-node-name=node"+strconv.Itoa(i),
			"--wsrep-node-address="+m.address.at(galeraGroup),
			"--wsrep-node-incoming-address="+m.address.at(galeraClients),
			"--wsrep-sst-method=rsync",
			"--wsrep-sst-receive-address="+m.address.at(galeraCopy),
			"--wsrep-slave-threads=2",
			"--wsrep-provider-options=gcache.size=32M"+
				";gmcast.listen_addr=tcp://"+m.address.at(galeraGroup)+
				";ist.recv_addr="+m.address.at(galeraMissed)+
				";pc.recovery=no", // otherwise a node that comes back waits for all nodes that it remembers
			"--binlog-format=ROW",
			"--default-storage-engine=InnoDB",
			"--innodb-autoinc-lock-mode=2",
		)
	}
	return g, nil
}

// startEmpty makes the data of node 0, which the others copy.
func (g *Galera) startEmpty() error {
	if err := g.nodes[0].makeData(); err != nil {
		return err
	}
	if err := g.nodes[0].server.start("--wsrep-new-cluster"); err != nil {
		return err
	}
	for _, m := range g.nodes[1:] {
		if err := m.server.start(); err != nil {
			return err
		}
	}
	return nil
}

// DSN returns the data source name of node i for go-sql-driver/mysql, without parameters. The user test has all rights.
func (g *Galera) DSN(i int) string { return g.nodes[i].DSN() }

// Kill kills node i, like a crash. The others block for some seconds until they notice.
func (g *Galera) Kill(i int) error {
	return wrapped(g.nodes[i].server.kill(), "kill node %d of Galera", i)
}

// Stop ends all running nodes.
func (g *Galera) Stop() error {
	var errs []error
	for i, m := range g.nodes {
		if err := m.server.stop(); err != nil {
			errs = append(errs, fmt.Errorf("stop node %d of Galera: %w", i, err))
		}
	}
	return errors.Join(errs...)
}

// synced returns an error if a node does not belong to the majority, or has not caught up.
func (m *MariaDB) synced(ctx context.Context) error {
	return m.status(ctx, map[string]string{
		"wsrep_cluster_status":      "Primary",
		"wsrep_local_state_comment": "Synced",
		"wsrep_ready":               "ON",
	})
}

// galeraLibrary returns the file of the Galera library.
func galeraLibrary() (string, error) {
	library := "/usr/lib/galera/libgalera_smm.so"
	if named := os.Getenv("APITOKEN_GALERA_LIB"); named != "" {
		library = named
	}
	if _, err := os.Stat(library); err != nil {
		return "", missing(library, "galera-4")
	}
	return library, nil
}
