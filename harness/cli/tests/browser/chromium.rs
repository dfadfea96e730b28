//! A headless Chromium, spoken to in its DevTools protocol over a socket of this machine.
//!
//! By hand, since the crates that drive browsers bring TLS stacks and code generators for what is a dozen commands here.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::{Message, WebSocket};

/// Longer than this nothing takes that is not stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// The browser to use: the one that `ACKPROOF_BROWSER` names, which has to be there, or else the first on the path.
pub fn find() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("ACKPROOF_BROWSER") {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let mut candidates = std::env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name)));
    candidates.find(|candidate| candidate.is_file())
}

/// A page in a browser of its own, which ends with it.
pub struct Page {
    process: Child,
    _profile: TempDir,
    socket: WebSocket<TcpStream>,
    session: Option<String>,
    commands: u64,
    /// What the browser told without being asked.
    events: Vec<Value>,
}

impl Page {
    pub fn open(browser: &Path) -> Page {
        let profile = tempfile::tempdir().expect("a folder");
        let mut process = Command::new(browser)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--remote-debugging-port=0", "--window-size=1400,1000"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", browser.display()));
        let mut lines = BufReader::new(process.stderr.take().expect("it is piped")).lines();
        let mut said = Vec::new();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let address = line.strip_prefix("DevTools listening on ").map(str::to_owned);
            said.push(line);
            address
        });
        let address = address.unwrap_or_else(|| panic!("the browser did not start:\n{}", said.join("\n")));
        // Whoever does not read what it says would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        let host = address.trim_start_matches("ws://").split('/').next().expect("a host");
        let stream = TcpStream::connect(host).expect("the browser listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket has a time limit");
        let (socket, _) = tungstenite::client(&address, stream).expect("the browser speaks its protocol");
        let mut page = Page { process, _profile: profile, socket, session: None, commands: 0, events: Vec::new() };
        let target = page.command("Target.createTarget", json!({ "url": "about:blank" }));
        let attached =
            page.command("Target.attachToTarget", json!({ "targetId": target["targetId"], "flatten": true }));
        page.session = Some(attached["sessionId"].as_str().expect("a session").to_owned());
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            page.command(domain, json!({}));
        }
        page
    }

    /// Sends a command and waits for its answer.
    pub fn command(&mut self, method: &str, parameters: Value) -> Value {
        self.commands += 1;
        let id = self.commands;
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.socket.send(Message::text(message.to_string())).expect("the browser listens");
        loop {
            let answer = self.hear();
            if answer["id"] == json!(id) {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }

    fn hear(&mut self) -> Value {
        loop {
            if let Message::Text(text) = self.socket.read().expect("the browser answers") {
                return serde_json::from_str(&text).expect("the protocol is JSON");
            }
        }
    }

    /// Goes to an address and waits until it is loaded.
    pub fn go(&mut self, address: &str) {
        self.events.clear();
        // Another part of the same page would not be loaded again.
        self.command("Page.navigate", json!({ "url": "about:blank" }));
        self.wait("Page.loadEventFired");
        self.command("Page.navigate", json!({ "url": address }));
        self.wait("Page.loadEventFired");
    }

    fn wait(&mut self, event: &str) {
        loop {
            if let Some(at) = self.events.iter().position(|it| it["method"] == json!(event)) {
                self.events.remove(at);
                return;
            }
            let heard = self.hear();
            self.events.push(heard);
        }
    }

    /// What an expression comes to.
    pub fn ask(&mut self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.command("Runtime.evaluate", parameters);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
    }

    /// Waits until an expression comes to a value; looks again at each frame.
    pub fn until(&mut self, expression: &str, wanted: &Value) {
        let answer = self.ask(&format!(
            "new Promise(done => {{ let looks = 0; const look = () => {{ const value = {expression};
                if (JSON.stringify(value) === JSON.stringify({wanted}) || looks++ > 600) done(value);
                else requestAnimationFrame(look); }}; look(); }})"
        ));
        assert_eq!(answer, *wanted, "{expression}");
    }

    /// Clicks in the middle of the first element of a selector, as a hand would.
    pub fn click(&mut self, selector: &str) {
        let place = self.ask(&format!(
            "(() => {{ const it = document.querySelector({}); it.scrollIntoView({{ block: 'center' }});
                const box = it.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; }})()",
            json!(selector)
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
            self.command("Input.dispatchMouseEvent", event);
        }
    }

    pub fn press(&mut self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            let text = if key == "Enter" { "\r" } else { "" };
            let code = match key {
                "Enter" => 13,
                "ArrowLeft" => 37,
                "ArrowRight" => 39,
                "ArrowDown" => 40,
                other => panic!("no code is written here for {other}"),
            };
            let mut event = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code });
            if !text.is_empty() && kind == "keyDown" {
                event["text"] = json!(text);
            }
            self.command("Input.dispatchKeyEvent", event);
        }
    }

    /// Errors and warnings in the console since the page was opened, and dialogues.
    pub fn complaints(&mut self) -> Vec<String> {
        // Whatever was said before this answer has arrived with it.
        self.ask("0");
        let is_complaint = |event: &&Value| match event["method"].as_str().unwrap_or("") {
            "Runtime.exceptionThrown" | "Page.javascriptDialogOpening" => true,
            "Runtime.consoleAPICalled" => event["params"]["type"] != "log",
            "Log.entryAdded" => ["error", "warning"].iter().any(|level| event["params"]["entry"]["level"] == *level),
            _ => false,
        };
        self.events.iter().filter(is_complaint).map(Value::to_string).collect()
    }

    pub fn scripts(&mut self, are_on: bool) {
        self.command("Emulation.setScriptExecutionDisabled", json!({ "value": !are_on }));
    }

    /// `light` or `dark`, on a `screen` or in `print`.
    pub fn medium(&mut self, medium: &str, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.command("Emulation.setEmulatedMedia", json!({ "media": medium, "features": features }));
    }

    pub fn width(&mut self, pixels: u32) {
        let size = json!({ "width": pixels, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.command("Emulation.setDeviceMetricsOverride", size);
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
