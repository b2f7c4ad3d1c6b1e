//! Branches of the measurement's own, served over gRPC by this process: `Prepare` of dtm's service is the action, `Abort` the compensation.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use dtm::pb::dtm_server::{Dtm, DtmServer};
use dtm::pb::{DtmBranchRequest, DtmGidReply, DtmProgressesReply, DtmRequest, DtmTopicRequest};
use dtm::{Barrier, Fault, work};
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, MySqlPool, SqlitePool};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

const DDL: &str = "CREATE TABLE account (id VARCHAR(64) PRIMARY KEY, points BIGINT NOT NULL)";
const INSERT: &str = "INSERT INTO account (id, points) VALUES (?, 10)";
/// Connections of a service to MariaDB.
const CONNECTIONS: u32 = 32;

/// Where a service keeps its rows.
#[derive(Clone, Debug)]
pub(crate) enum Rows {
    /// A file, as the services keep it: every commit on disk, one writer.
    Sqlite(SqlitePool),
    /// A database of a MariaDB.
    MariaDb(MySqlPool),
}

impl Rows {
    /// Makes a file.
    ///
    /// # Errors
    /// It cannot be made.
    pub(crate) async fn sqlite(file: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .disable_statement_logging();
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
        dtm::barrier::migrate_sqlite(&pool).await?;
        sqlx::raw_sql(DDL).execute(&pool).await?;
        Ok(Self::Sqlite(pool))
    }

    /// Makes a database.
    ///
    /// # Errors
    /// It cannot be made.
    pub(crate) async fn mariadb(port: u16, db: &str) -> Result<Self> {
        let options =
            MySqlConnectOptions::new().host("127.0.0.1").port(port).username("root").disable_statement_logging();
        let pool = MySqlPoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {db}"))).execute(&pool).await?;
        dtm::barrier::migrate_mysql(&pool).await?;
        let pool = MySqlPoolOptions::new().max_connections(CONNECTIONS).connect_with(options.database(db)).await?;
        sqlx::raw_sql(DDL).execute(&pool).await?;
        Ok(Self::MariaDb(pool))
    }

    /// The work of a branch in a local transaction, in the barrier if there is one.
    async fn insert(&self, barrier: Option<&Barrier>, id: &str) -> Result<(), Fault> {
        // The same text for each kind of database, which sqlx has different types for.
        macro_rules! insert {
            ($pool:expr, $begin:expr) => {
                if let Some(barrier) = barrier {
                    let call = barrier.call($pool, |tx| {
                        work(async move { Ok::<_, Fault>(sqlx::query(INSERT).bind(id).execute(tx).await.map(drop)?) })
                    });
                    call.await.map(drop)
                } else {
                    let mut tx = $begin.await?;
                    sqlx::query(INSERT).bind(id).execute(&mut *tx).await?;
                    Ok(tx.commit().await?)
                }
            };
        }
        match self {
            Self::Sqlite(pool) => insert!(pool, pool.begin_with("BEGIN IMMEDIATE")),
            Self::MariaDb(pool) => insert!(pool, pool.begin()),
        }
    }
}

/// What a branch does when it is called.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Inserts a row.
    Insert(Rows),
    /// Says that it is not done yet.
    Ongoing,
    /// Takes this long.
    Slow(Duration),
}

/// A branch service.
#[derive(Clone, Debug)]
pub(crate) struct Branches {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    act: Arc<Mutex<Act>>,
    seen: Arc<Seen>,
}

/// What a service has seen since it was told what to do.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Calls that have been answered.
    pub(crate) answered: AtomicUsize,
    /// Microseconds that calls were in it, together.
    pub(crate) busy: AtomicU64,
    first: Mutex<Option<Instant>>,
}

impl Seen {
    /// When the first call came.
    pub(crate) fn first(&self) -> Option<Instant> {
        *self.first.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Branches {
    /// Starts one.
    ///
    /// # Errors
    /// There is no free port.
    pub(crate) async fn start(act: Act) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let branches = Self { address: listener.local_addr()?, act: Arc::new(Mutex::new(act)), seen: Arc::default() };
        let service = DtmServer::new(branches.clone());
        let server = tonic::transport::Server::builder().tcp_nodelay(true).add_service(service);
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        Ok(branches)
    }

    /// Tells it what to do from now on, and forgets what it has seen.
    pub(crate) fn act(&self, act: Act) {
        *self.act.lock().unwrap_or_else(PoisonError::into_inner) = act;
        *self.seen.first.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.seen.answered.store(0, Ordering::Relaxed);
        self.seen.busy.store(0, Ordering::Relaxed);
    }

    /// What it has seen.
    pub(crate) fn seen(&self) -> &Seen {
        &self.seen
    }

    /// The URL of the action.
    pub(crate) fn action(&self) -> String {
        format!("{}/dtmgimp.Dtm/Prepare", self.address)
    }

    /// The URL of the compensation.
    pub(crate) fn compensate(&self) -> String {
        format!("{}/dtmgimp.Dtm/Abort", self.address)
    }

    async fn answer(&self, request: Request<DtmRequest>) -> Result<Response<()>, Status> {
        let begin = Instant::now();
        self.seen.first.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(begin);
        let act = self.act.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match act {
            Act::Insert(rows) => {
                // Whoever calls without a transaction has no barrier.
                let barrier = Barrier::from_metadata(request.metadata()).ok();
                rows.insert(barrier.as_ref(), &request.get_ref().gid).await?;
            }
            Act::Ongoing => return Err(dtm::reply::ongoing()),
            Act::Slow(pause) => tokio::time::sleep(pause).await,
        }
        let took = u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.seen.busy.fetch_add(took, Ordering::Relaxed);
        self.seen.answered.fetch_add(1, Ordering::Relaxed);
        Ok(Response::new(()))
    }
}

fn nothing<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("a branch has an action and a compensation"))
}

#[tonic::async_trait]
impl Dtm for Branches {
    async fn prepare(&self, request: Request<DtmRequest>) -> Result<Response<()>, Status> {
        self.answer(request).await
    }
    async fn abort(&self, request: Request<DtmRequest>) -> Result<Response<()>, Status> {
        self.answer(request).await
    }
    async fn new_gid(&self, _: Request<()>) -> Result<Response<DtmGidReply>, Status> {
        nothing()
    }
    async fn submit(&self, _: Request<DtmRequest>) -> Result<Response<()>, Status> {
        nothing()
    }
    async fn register_branch(&self, _: Request<DtmBranchRequest>) -> Result<Response<()>, Status> {
        nothing()
    }
    async fn prepare_workflow(&self, _: Request<DtmRequest>) -> Result<Response<DtmProgressesReply>, Status> {
        nothing()
    }
    async fn subscribe(&self, _: Request<DtmTopicRequest>) -> Result<Response<()>, Status> {
        nothing()
    }
    async fn unsubscribe(&self, _: Request<DtmTopicRequest>) -> Result<Response<()>, Status> {
        nothing()
    }
    async fn delete_topic(&self, _: Request<DtmTopicRequest>) -> Result<Response<()>, Status> {
        nothing()
    }
}
