//! dtm's gRPC service.

use std::sync::Arc;
use std::time::{Duration, Instant};

use prost::Message as _;
use tonic::metadata::{AsciiMetadataValue, BinaryMetadataValue, MetadataMap};
use tonic::{Code, Request, Response, Status};

use super::engine::{Engine, Settled, SubmitError};
use super::machine::shorten;
use super::plan::{BadRequest, Options, Plan, Request as Wanted, StepUrls, seconds};
use super::store::StoreError;
use crate::pb::dtm_server::Dtm;
use crate::pb::{
    DtmBranchRequest, DtmGidReply, DtmProgress, DtmProgressesReply, DtmRequest, DtmTopicRequest, DtmTransaction,
};
use crate::protocol::{self, metadata, op, result};

/// Left of a caller's deadline for the way back.
const WAY_BACK: Duration = Duration::from_millis(100);
/// Added to one call's timeout for a caller that waits without a deadline, as dtm does.
const PASS_MARGIN: Duration = Duration::from_secs(2);
/// The longest wait, whatever the caller's deadline.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// The longest request, in bytes; a Go gRPC server, and so dtm, takes no longer one.
const MAX_REQUEST: usize = 4 << 20;
/// The longest reason in a header, in bytes.
const MAX_HEADER_REASON: usize = 512;

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Grpc(pub(super) Arc<Engine>);

#[tonic::async_trait]
impl Dtm for Grpc {
    async fn new_gid(&self, _: Request<()>) -> Result<Response<DtmGidReply>, Status> {
        self.counted("NewGid", async { Ok(Response::new(DtmGidReply { gid: crate::gid::new() })) }).await
    }

    async fn submit(&self, request: Request<DtmRequest>) -> Result<Response<()>, Status> {
        self.counted("Submit", async {
            let limit = wait_limit(request.metadata(), &self.0);
            let plan = plan(request.into_inner())?;
            let wait = plan.options.wait_result.then_some(limit);
            match self.0.submit(plan, wait).await {
                Ok(settled) => answer(&settled, wait.is_some()),
                Err(error) => Err(refuse(&error)),
            }
        })
        .await
    }

    async fn prepare(&self, request: Request<DtmRequest>) -> Result<Response<()>, Status> {
        self.counted("Prepare", async {
            let plan = plan(request.into_inner())?;
            self.0.prepare(plan).await.map(Response::new).map_err(|error| refuse(&error))
        })
        .await
    }

    async fn abort(&self, request: Request<DtmRequest>) -> Result<Response<()>, Status> {
        self.counted("Abort", async {
            let request = request.into_inner();
            Err(refuse(&super::admin::abort(&self.0, &request.gid).await))
        })
        .await
    }

    async fn register_branch(&self, request: Request<DtmBranchRequest>) -> Result<Response<()>, Status> {
        self.counted("RegisterBranch", async {
            let kind = request.into_inner().trans_type;
            Err(Status::unknown(format!(
                "unknown trans type: {kind:?}; branches are registered for tcc, xa and workflow, which do not run here"
            )))
        })
        .await
    }

    /// Here only a way to read a transaction's status: nothing is created.
    async fn prepare_workflow(&self, request: Request<DtmRequest>) -> Result<Response<DtmProgressesReply>, Status> {
        self.counted("PrepareWorkflow", async {
            let gid = request.into_inner().gid;
            let record = self.0.store().load(&gid).await.map_err(|error| refuse(&error.into()))?;
            let record = record.ok_or_else(|| refuse(&SubmitError::NotFound(gid)))?;
            let transaction = DtmTransaction {
                gid: record.plan.gid.clone(),
                status: record.state.status.to_string(),
                rollback_reason: record.state.reason.clone(),
                result: String::new(),
            };
            let progresses = record.state.steps.iter().enumerate().flat_map(|(index, step)| {
                [(op::COMPENSATE, &step.compensate), (op::ACTION, &step.action)].map(|(op, state)| DtmProgress {
                    status: state.status.to_string(),
                    bin_data: Vec::new(),
                    branch_id: protocol::branch_id(index),
                    op: op.to_owned(),
                })
            });
            Ok(Response::new(DtmProgressesReply { transaction: Some(transaction), progresses: progresses.collect() }))
        })
        .await
    }

    async fn subscribe(&self, _: Request<DtmTopicRequest>) -> Result<Response<()>, Status> {
        Err(no_topics())
    }

    async fn unsubscribe(&self, _: Request<DtmTopicRequest>) -> Result<Response<()>, Status> {
        Err(no_topics())
    }

    async fn delete_topic(&self, _: Request<DtmTopicRequest>) -> Result<Response<()>, Status> {
        Err(no_topics())
    }
}

impl Grpc {
    async fn counted<T>(&self, api: &str, work: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
        let begin = Instant::now();
        let done = work.await;
        self.0.metrics().request("grpc", api, done.is_ok(), begin.elapsed());
        done
    }
}

fn no_topics() -> Status {
    Status::unimplemented("topics belong to msg, which does not run here")
}

fn wait_limit(map: &MetadataMap, engine: &Engine) -> Duration {
    let text = map.get("grpc-timeout").and_then(|value| value.to_str().ok());
    match text.and_then(parse_timeout) {
        // A tenth, for short deadlines, is enough for the way back.
        Some(timeout) => timeout.saturating_sub(WAY_BACK.min(timeout / 10)).min(MAX_WAIT),
        None => engine.conf().request_timeout() + PASS_MARGIN,
    }
}

/// The value of `grpc-timeout`: at most eight digits and a unit.
fn parse_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let value: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(value * 3600),
        "M" => Duration::from_secs(value * 60),
        "S" => Duration::from_secs(value),
        "m" => Duration::from_millis(value),
        "u" => Duration::from_micros(value),
        "n" => Duration::from_nanos(value),
        _ => return None,
    })
}

fn plan(request: DtmRequest) -> Result<Plan, Status> {
    let size = request.encoded_len();
    if size > MAX_REQUEST {
        return Err(Status::resource_exhausted(format!(
            "payloads: the request has {size} bytes; over gRPC at most {MAX_REQUEST} are taken"
        )));
    }
    let bad = |error: BadRequest| refuse(&error.into());
    let options = request.trans_options.unwrap_or_default();
    let steps: Option<Vec<StepUrls>> = if request.steps.is_empty() {
        Some(Vec::new())
    } else {
        serde_json::from_str(&request.steps).map_err(|error| bad(BadRequest::Steps(error.to_string())))?
    };
    Plan::new(Wanted {
        gid: request.gid,
        trans_type: request.trans_type,
        steps: steps.unwrap_or_default(),
        payloads: request.bin_payloads,
        options: Options {
            wait_result: options.wait_result,
            timeout_to_fail: seconds("timeout_to_fail", options.timeout_to_fail).map_err(bad)?,
            request_timeout: seconds("request_timeout", options.request_timeout).map_err(bad)?,
            retry_interval: seconds("retry_interval", options.retry_interval).map_err(bad)?,
            retry_limit: seconds("retry_limit", options.retry_limit).map_err(bad)?,
            branch_headers: options.branch_headers.into_iter().collect(),
        },
        custom_data: request.customed_data,
        protocol: "grpc".to_owned(),
    })
    .map_err(bad)
}

fn answer(settled: &Settled, waited: bool) -> Result<Response<()>, Status> {
    if !waited || settled.status == protocol::Status::Succeed {
        let mut response = Response::new(());
        tell(response.metadata_mut(), settled.status, "");
        return Ok(response);
    }
    let text = match settled.reason.as_str() {
        "" => format!("wait result not return success: {}", result::FAILURE),
        reason => shorten(reason, MAX_HEADER_REASON),
    };
    let mut status = Status::aborted(text);
    tell(status.metadata_mut(), settled.status, &settled.reason);
    Err(status)
}

fn tell(map: &mut MetadataMap, status: protocol::Status, reason: &str) {
    map.insert(metadata::STATUS, AsciiMetadataValue::from_static(status.as_str()));
    if !reason.is_empty() {
        map.insert_bin(
            metadata::REASON,
            BinaryMetadataValue::from_bytes(shorten(reason, MAX_HEADER_REASON).as_bytes()),
        );
    }
}

/// The one place where an error becomes a gRPC status. Codes are dtm's, whose panics are INTERNAL.
fn refuse(error: &SubmitError) -> Status {
    let text = error.to_string();
    match error {
        // dtm reads it only when the saga runs, and there a panic is UNKNOWN.
        SubmitError::Bad(BadRequest::CustomData(_)) => Status::unknown(text),
        SubmitError::Bad(_) | SubmitError::NotFound(_) => Status::internal(text),
        SubmitError::Different(_) => Status::already_exists(text),
        SubmitError::State { status, reason, .. } => {
            let mut answer = Status::aborted(text);
            tell(answer.metadata_mut(), *status, reason);
            answer
        }
        SubmitError::CannotAbort { .. } | SubmitError::CannotStop { .. } => Status::aborted(text),
        SubmitError::Store(StoreError::TooLarge(_)) => Status::internal(text),
        SubmitError::Store(_) => {
            logx::error!(error = text.as_str(); "dtm: store");
            Status::new(Code::Unavailable, "the store cannot be used now")
        }
        SubmitError::Stopping => Status::unavailable(text),
    }
}
