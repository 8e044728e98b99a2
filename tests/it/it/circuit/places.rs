//! As many calls to a bank are under way as its document says, and they are freed however they end.

use super::*;

#[tokio::test]
async fn a_bank_that_hangs_takes_its_own_places_and_nobody_else_s() {
    let bench = Bench::alone_with("[limits]\nin_flight = 2\ntotal_millis = 30000\n").await;
    let (hanging, other) = (Customer::connected(&bench, "oauth").await, Customer::connected(&bench, "redirect").await);
    let order = json!({"operation": "balances", "mood": "oauth", "fault": {"kind": "delay", "millis": 60_000}});
    bench.control("POST", "/faults", order).await;
    let hang = async { join_all([hanging.balances(), hanging.balances()]).await };
    let others = async {
        while bench.reached("balances").len() < 2 {
            tokio::task::yield_now().await;
        }
        let refused = hanging.balances().await;
        assert_eq!(refused.problem(), (503, "bank_busy"));
        assert!(refused.headers.contains_key("retry-after"));
        assert_eq!(bench.reached("balances").len(), 2, "it was not sent");
        assert_eq!(other.balances().await.status, StatusCode::OK);
    };
    tokio::select! {
        answers = hang => panic!("{answers:?}"),
        () = others => {}
    }
}

/// O8, Q14: hundreds of calls to a bank that hangs hold as many connections as the document allows, and nothing else.
#[tokio::test]
async fn hundreds_of_calls_that_hang_open_no_more_connections_than_there_are_places() {
    const CALLS: usize = 300;
    const PLACES: usize = 4;
    let limits = format!("[limits]\nin_flight = {PLACES}\ntotal_millis = 30000\n{ONCE}");
    let (bench, _hub) = Bench::in_one_process_with(&limits).await;
    let (hanging, other) = (Customer::connected(&bench, "oauth").await, Customer::connected(&bench, "redirect").await);
    let order = json!({"operation": "balances", "mood": "oauth", "fault": {"kind": "delay", "millis": 60_000}});
    bench.control("POST", "/faults", order).await;
    let before = bench.bank.open_connections();
    let mut calls: FuturesUnordered<_> = (0..CALLS).map(|_| hanging.balances()).collect();
    for _ in 0..CALLS - PLACES {
        assert_eq!(calls.next().await.unwrap().problem(), (503, "bank_busy"));
    }
    assert_eq!(calls.len(), PLACES, "these hang");
    let others = async {
        while bench.reached("balances").len() < PLACES {
            tokio::task::yield_now().await;
        }
        assert!(bench.bank.open_connections() <= before + PLACES);
        assert_eq!(bench.crm().bare(Method::GET, "/health", &[]).await.status, StatusCode::OK);
        assert_eq!(bench.crm().bare(Method::GET, "/ready", &[]).await.status, StatusCode::OK);
        assert_eq!(other.balances().await.status, StatusCode::OK);
        assert_eq!(bench.reached("balances").len(), PLACES + 1, "no other call got through");
    };
    tokio::select! {
        answer = calls.next() => panic!("{answer:?}"),
        () = others => {}
    }
}

/// H2: whoever waited for the headers in vain leaves its place and its connection behind.
#[tokio::test]
async fn a_call_that_times_out_frees_its_place_and_its_connection() {
    const PLACES: usize = 3;
    let limits = format!(
        "[limits]\nconnect_millis = 1000\nin_flight = {PLACES}\n[circuit]\nfailures = 1000\n{ONCE}\
         [operations.balances]\ntotal_millis = 1000\n"
    );
    let (bench, _hub) = Bench::in_one_process_with(&limits).await;
    let customer = Customer::connected(&bench, "oauth").await;
    let before = bench.bank.open_connections();
    bench.fault("balances", json!({"kind": "delay", "millis": 600_000}), 1000).await;
    for _ in 0..3 {
        for answer in join_all((0..PLACES).map(|_| customer.balances())).await {
            assert_eq!(answer.problem(), (504, "bank_timeout"));
        }
    }
    well_again(&bench).await;
    assert_eq!(customer.balances().await.status, StatusCode::OK);
    let began = Instant::now();
    while bench.bank.open_connections() > before + 1 {
        assert!(began.elapsed() < Duration::from_mins(1), "{} connections stay", bench.bank.open_connections());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
