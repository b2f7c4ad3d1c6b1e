//! The branches as a coordinator calls them: repeated, too late, without their action; and the service's health.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

mod common;

use common::start;
use proto::user::{IdRequest, UserRequest, UserResponse};
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

#[tokio::test(flavor = "multi_thread")]
async fn an_action_counts_once_and_its_compensation_undoes_it() {
    let service = start().await;
    let first = service.save("g1", "7").await.unwrap();
    assert_eq!((first.id.as_str(), first.name.as_str()), ("7", "Ada"));
    assert_eq!(service.save("g1", "7").await.unwrap(), first, "a repetition is answered alike");
    service.save("g2", "8").await.unwrap();
    assert_eq!(service.ids().await, ["7", "8"]);
    for _ in 0..2 {
        service.undo("g1", "7").await.unwrap();
        assert_eq!(service.ids().await, ["8"], "only its own row");
    }
    let gone = service.users.clone().get_user(IdRequest { id: "7".into() }).await;
    assert_eq!(gone.unwrap_err().code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_after_its_compensation_does_nothing() {
    let service = start().await;
    service.undo("g1", "7").await.unwrap();
    assert_eq!(service.save("g1", "7").await.unwrap(), UserResponse::default());
    assert_eq!(service.ids().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_id_and_a_broken_rule_are_refusals_and_nothing_else_is() {
    let service = start().await;
    service.save("g1", "7").await.unwrap();
    let taken = service.save("g2", "7").await.unwrap_err();
    assert_eq!((taken.code(), taken.message()), (Code::Aborted, "reason=duplicate_id"));
    // The other saga's compensation takes nothing away from the first one's user.
    service.undo("g2", "7").await.unwrap();
    assert_eq!(service.ids().await, ["7"]);
    for id in ["0", "-1", "x", "9223372036854775808"] {
        let refused = service.save("g3", id).await.unwrap_err();
        assert_eq!((refused.code(), refused.message()), (Code::Aborted, "reason=invalid_user"), "{id}");
    }
    // Without the coordinator's metadata it is no branch.
    let alone = service.users.clone().save_user(UserRequest::default()).await;
    assert_eq!(alone.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_id_the_store_chooses_one_as_the_tutorial_expects() {
    let service = start().await;
    let (one, other) = (service.save("g1", "").await.unwrap(), service.save("g2", "").await.unwrap());
    assert!(one.id.parse::<i64>().unwrap() > 0);
    assert_ne!(one.id, other.id);
    assert_eq!(service.save("g1", "").await.unwrap(), one);
    service.undo("g1", "").await.unwrap();
    assert_eq!(service.ids().await, [other.id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn health_answers_for_the_service_by_name() {
    let service = start().await;
    let mut health = HealthClient::new(service.channel.clone());
    for name in ["", "user.User"] {
        let answer = health.check(HealthCheckRequest { service: name.into() }).await.unwrap();
        assert_eq!(answer.into_inner().status(), ServingStatus::Serving);
    }
}
