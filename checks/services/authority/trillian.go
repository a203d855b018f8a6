package main

import (
	"context"
	"net"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/client"
	"github.com/google/trillian/extension"
	tlog "github.com/google/trillian/log"
	"github.com/google/trillian/quota"
	"github.com/google/trillian/server"
	"github.com/google/trillian/server/admin"
	"github.com/google/trillian/server/interceptor"
	"github.com/google/trillian/storage/memory"
	"github.com/google/trillian/util/clock"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/durationpb"
)

// How often what was queued becomes part of the logs: this is what an entry waits for.
const interval = 50 * time.Millisecond

// A trillianServer is Trillian's log server, its administration and its sequencer.
type trillianServer struct {
	address string
	log     trillian.TrillianLogClient
	admin   trillian.TrillianAdminClient
}

func startTrillian(ctx context.Context, address string, failed chan<- error) (*trillianServer, error) {
	trees := memory.NewTreeStorage()
	registry := extension.Registry{
		AdminStorage: memory.NewAdminStorage(trees),
		LogStorage:   memory.NewLogStorage(trees, nil),
		QuotaManager: quota.Noop(),
	}
	sequencer := tlog.NewOperationManager(tlog.OperationInfo{
		Registry: registry, BatchSize: 100, NumWorkers: 1, RunInterval: interval, TimeSource: clock.System,
	}, tlog.NewSequencerManager(registry, 0))
	go sequencer.OperationLoop(ctx)

	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	service := grpc.NewServer(grpc.UnaryInterceptor(interceptor.ErrorWrapper))
	trillian.RegisterTrillianAdminServer(service, admin.New(registry, nil))
	trillian.RegisterTrillianLogServer(service, server.NewTrillianLogRPCServer(registry, clock.System))
	go func() { failed <- service.Serve(listener) }()

	address = listener.Addr().String()
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	return &trillianServer{
		address: address,
		log:     trillian.NewTrillianLogClient(connection),
		admin:   trillian.NewTrillianAdminClient(connection),
	}, nil
}

// newTree gives the name of a log that is empty.
func (t *trillianServer) newTree(ctx context.Context) (int64, error) {
	wanted := &trillian.Tree{
		TreeState:       trillian.TreeState_ACTIVE,
		TreeType:        trillian.TreeType_LOG,
		MaxRootDuration: durationpb.New(time.Hour),
	}
	tree, err := client.CreateAndInitTree(ctx, &trillian.CreateTreeRequest{Tree: wanted}, t.admin, t.log)
	if err != nil {
		return 0, err
	}
	return tree.TreeId, nil
}
