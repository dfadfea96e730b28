//! The text of a random scenario of RocketMQ, drawn so that RocketMQ would start all of it.

use ackproof_core::seed::Stream;

const STEPS: [&str; 25] = [
    "{ kill: master, at: { after: acked, nth: 5, plus: 1ms }, restart_after: 300ms }",
    "{ kill: master, restart_after: 1s..15s }",
    "{ kill: slave, restart_after: 1s..6s }",
    "{ kill: nameserver, restart_after: 1s..40s }",
    "{ kill: producer, restart_after: 1ms..400ms }",
    "{ kill: consumer, restart_after: 1ms..400ms }",
    "{ kill: any-broker, at: { after: replicated, nth: 3 }, gone: true }",
    "{ power_loss: all-brokers, at: 150ms..900ms, restart_after: 10ms..900ms }",
    "{ power_loss: master, restart_after: 1s..20s }",
    "{ lose_disk: any-broker, restart_after: 1ms..5s }",
    "{ shutdown: any-broker, restart_after: 20ms..3s }",
    "{ roll: { nodes: brokers, pause: 20ms }, restart_after: 30ms..2s }",
    "{ pause: master, for: 1ms..12s }",
    "{ pause: consumer, for: 1ms..800ms }",
    "{ partition: { isolate: master, from: brokers, one_way: true }, for: 10ms..20s }",
    "{ partition: { between: [producer, master] }, for: 0s..5s }",
    "{ partition: { between: [brokers, nameserver] }, for: 1s..40s }",
    "{ hold: { between: [producer, brokers] }, for: 1ms..700ms }",
    "{ drop: { between: [brokers, brokers], rate: 0.4 }, for: 1s }",
    "{ latency: { between: [master, brokers], add: 5ms..50ms }, for: 1s }",
    "{ slow_disk: { node: any-broker, sync: 50ms..6s }, for: 800ms }",
    "{ full_disk: any-broker, for: 100ms..6s }",
    "{ fail_sync: any-broker, for: 100ms..1s }",
    "{ move_leader: { to: slave } }",
    "{ random: { kinds: [kill, power_loss, lose_disk, shutdown, pause, partition, hold, latency], count: 1..4 } }",
];

/// Those of the modes that have controllers.
const CONTROLLER_STEPS: [&str; 3] = [
    "{ kill: controller, restart_after: 1ms..20s }",
    "{ partition: { isolate: master, from: [controller] }, for: 1s..30s }",
    "{ power_loss: isr, restart_after: 1s..15s }",
];

const VERSIONS: [&str; 9] = ["4.9.2", "4.9", "5.0", "5.1.0", "5.1", "5.2", "5.3.1", "5.3", "5.4"];

fn one<'a>(draw: &mut Stream, all: &[&'a str]) -> &'a str {
    all[draw.between(0, all.len() as u64 - 1) as usize]
}

pub fn draw(draw: &mut Stream) -> String {
    let mode = one(draw, &["master-slave", "master-slave", "acting-master", "controller", "controller", "dledger"]);
    let version = match mode {
        "master-slave" => one(draw, &VERSIONS),
        "dledger" => one(draw, &["4.9", "5.1", "5.3"]),
        _ => one(draw, &VERSIONS[2..]),
    };
    let is_new = !version.starts_with("4.");
    let slaves =
        if mode == "dledger" { draw.between(1, 2) * 2 } else { draw.between(u64::from(mode != "master-slave"), 2) };
    let mut text = format!("broker: rocketmq@{version}\n");
    text.push_str(&format!(
        "cluster: {{ mode: {mode}, groups: {}, slaves: {slaves}, nameservers: {}",
        draw.between(1, 2),
        draw.between(1, 2)
    ));
    if mode == "controller" {
        text.push_str(&format!(", controllers: {}", one(draw, &["1", "3"])));
    }
    text.push_str(" }\nconfig:\n");
    let sections = [
        ("broker", broker(mode, is_new, slaves, draw)),
        ("topic", vec![format!("writeQueueNums: {0}, readQueueNums: {0}", draw.between(1, 4))]),
        ("producer", producer(is_new, draw)),
        ("consumer", consumer(is_new, draw)),
    ];
    for (section, settings) in sections {
        text.push_str(&format!("  {section}: {{ {} }}\n", settings.join(", ")));
    }
    text.push_str(&app(draw));
    text.push_str(&format!(
        "workload: {{ producers: {}, consumers: {}, messages: {}, interval: {}ms, processing: {}ms, consumer_start: {} }}\n",
        draw.between(1, 2),
        draw.between(1, 3),
        draw.between(20, 60),
        draw.between(5, 40),
        draw.between(0, 8),
        one(draw, &["0s", "10ms..2s", "heal"]),
    ));
    text.push_str(&format!(
        "network: {{ latency: {} }}\ndisk: {{ write: {}, sync: 2ms..8ms, writeback: {} }}\n",
        one(draw, &["1ms..3ms", "1ms", "1ms..30ms"]),
        one(draw, &["0ms", "1ms"]),
        one(draw, &["30s", "2s", "never"]),
    ));
    text.push_str("faults:\n  storm:\n");
    for _ in 0..draw.between(1, 4) {
        let step = match mode == "controller" && draw.between(0, 2) == 0 {
            true => one(draw, &CONTROLLER_STEPS),
            false => one(draw, &STEPS),
        };
        text.push_str(&format!("    - {step}\n"));
    }
    text
}

fn broker(mode: &str, is_new: bool, slaves: u64, draw: &mut Stream) -> Vec<String> {
    let mut all = vec![
        format!("flushDiskType: {}", one(draw, &["ASYNC_FLUSH", "SYNC_FLUSH"])),
        format!("transientStorePoolEnable: {}", one(draw, &["false", "false", "true"])),
        format!("transactionCheckInterval: {}", one(draw, &["5000", "30000"])),
        format!("transactionCheckMax: {}", one(draw, &["3", "15"])),
    ];
    if mode == "dledger" {
        all.remove(1);
    }
    if mode != "controller" && mode != "dledger" {
        all.push(format!("brokerRole: {}", one(draw, &["ASYNC_MASTER", "SYNC_MASTER"])));
    }
    if is_new && mode != "dledger" {
        let copies = slaves + 1;
        all.push(format!("totalReplicas: {copies}, inSyncReplicas: {}", draw.between(1, copies)));
        if mode != "master-slave" {
            all.push(format!("minInSyncReplicas: {}", draw.between(1, copies)));
        }
        all.push(format!("slaveReadEnable: {}", one(draw, &["false", "true"])));
    }
    match mode {
        "controller" => all.push(format!("allAckInSyncStateSet: {}", one(draw, &["false", "true"]))),
        "acting-master" => all.push(format!("enableAutoInSyncReplicas: {}", one(draw, &["false", "true"]))),
        _ => {}
    }
    all
}

fn producer(is_new: bool, draw: &mut Stream) -> Vec<String> {
    let mut all = vec![
        format!("sendMsgTimeout: {}", one(draw, &["3000", "800", "10000"])),
        format!("retryTimesWhenSendFailed: {}", one(draw, &["0", "2"])),
        format!("retryAnotherBrokerWhenNotStoreOK: {}", one(draw, &["false", "true"])),
        format!("sendLatencyFaultEnable: {}", one(draw, &["false", "true"])),
        format!("waitStoreMsgOK: {}", one(draw, &["true", "true", "false"])),
    ];
    if !is_new {
        all.pop();
    }
    all
}

fn consumer(is_new: bool, draw: &mut Stream) -> Vec<String> {
    let mut all = vec![
        format!("messageListener: {}", one(draw, &["concurrently", "concurrently", "orderly"])),
        format!("messageModel: {}", one(draw, &["CLUSTERING", "CLUSTERING", "CLUSTERING", "BROADCASTING"])),
        format!("consumeFromWhere: {}", one(draw, &["CONSUME_FROM_LAST_OFFSET", "CONSUME_FROM_FIRST_OFFSET"])),
        format!("maxReconsumeTimes: {}", one(draw, &["-1", "2"])),
    ];
    if is_new && draw.between(0, 3) == 0 {
        // POP hands out to whoever asks, so there is neither order nor broadcasting.
        all[0] = "messageListener: concurrently".to_owned();
        all[1] = "messageModel: CLUSTERING".to_owned();
        all.push("clientRebalance: false".to_owned());
    }
    all
}

fn app(draw: &mut Stream) -> String {
    let transaction = match draw.between(0, 4) {
        0 => ", transaction: { messages: 1, abort_rate: 0.2, unknown_rate: 0.3 }",
        1 => ", transaction: { messages: 1, unknown_rate: 0.5, check: unknown }",
        _ => "",
    };
    let sends = if transaction.is_empty() { &["sync", "async", "async-unchecked", "one-way"][..] } else { &["sync"] };
    let send = one(draw, sends);
    let on_failure = one(draw, &["report", "{ resend: { times: 2, backoff: 50ms } }"]);
    let processing = one(draw, &["inline", "inline", "background"]);
    let (rate, on_error) = (one(draw, &["0.0", "0.2"]), one(draw, &["retry", "requeue", "reject"]));
    format!(
        "app:\n  producer: {{ send: {send}, on_failure: {on_failure}{transaction} }}\n  consumer: {{ processing: {processing}, failure_rate: {rate}, on_error: {on_error} }}\n"
    )
}
