//! Ctrl-C in every state, after which no process is left.

use std::{thread, time::Duration};

use crate::site::Site;

/// Ends the server with this signal, and checks that everything is gone.
fn end(site: &mut Site, signal: &str) {
    site.signal(signal);
    let status = site.ended();
    assert!(status.success(), "{status}: {}", site.said());
    site.assert_no_process();
}

#[test]
#[ignore = "builds a project: tests/run runs it"]
fn ctrl_c_ends_everything_in_every_state() {
    let mut site = Site::migrated("ends").with_slow_build(60).with_probe("Ok(\"here\".to_string())");
    // While a build script runs.
    site.serve();
    site.wait_until("the build script runs", || {
        site.processes().iter().any(|process| process.contains("build-script-build"))
    });
    end(&mut site, "-INT");
    // While the program starts.
    let main = site.read("src/main.rs");
    site.write("build.rs", "fn main() {}\n");
    let wait = "    if std::env::args().any(|word| word == \"runserver\") {\n        \
                std::thread::sleep(std::time::Duration::from_secs(60));\n    }\n    manage::run";
    site.write("src/main.rs", &main.replace("    manage::run", wait));
    site.serve();
    site.wait_until("the program starts", || {
        site.processes().iter().any(|process| process.contains("debug/dev_ends "))
    });
    end(&mut site, "-INT");
    // While it runs, and after it was killed by a fault.
    site.write("src/main.rs", &main);
    site.serve();
    site.get("/probe/").assert(200, "here");
    end(&mut site, "-TERM");
    site.serve();
    site.get("/probe/").assert(200, "here");
    end(&mut site, "-HUP");
    // While the project is broken.
    site.edit("src/main.rs", "mod urls;", "mod urlz;");
    site.serve();
    assert_eq!(site.get("/").status, 500);
    end(&mut site, "-INT");
}

#[test]
#[ignore = "builds a project: tests/run runs it"]
fn a_request_in_flight_is_finished_and_a_second_ctrl_c_does_not_wait() {
    let wait = "std::thread::sleep(std::time::Duration::from_millis(1500));\n    Ok(\"done\".to_string())";
    let mut site = Site::migrated("flight").with_probe(wait);
    site.serve();
    site.get("/probe/").assert(200, "done");
    thread::scope(|scope| {
        let request = scope.spawn(|| site.get("/probe/"));
        thread::sleep(Duration::from_millis(500));
        site.signal("-INT");
        request.join().expect("answered").assert(200, "done");
    });
    assert!(site.ended().success());
    site.assert_no_process();

    site.edit("src/views.rs", "from_millis(1500)", "from_secs(50)");
    site.serve();
    site.get("/").assert(200, "Bonjour");
    let host = ("127.0.0.1", site.port);
    let mut request = std::net::TcpStream::connect(host).expect("the port is open");
    std::io::Write::write_all(&mut request, b"GET /probe/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .expect("sent");
    thread::sleep(Duration::from_millis(500));
    site.signal("-INT");
    site.wait_until_said("Press CONTROL-C again");
    site.signal("-INT");
    assert!(site.ended().success());
    site.assert_no_process();
}

#[test]
#[ignore = "builds a project: tests/run runs it"]
fn the_program_ends_with_its_server_however_that_ends() {
    let mut site = Site::migrated("orphan").with_probe("Ok(\"here\".to_string())");
    site.serve();
    site.get("/probe/").assert(200, "here");
    site.signal("-KILL");
    assert!(!site.ended().success());
    site.assert_no_process();
}

#[test]
#[ignore = "builds a project: tests/run runs it"]
fn a_program_that_crashes_is_reported_and_can_be_started_again() {
    let body = "if request.query().get(\"crash\").is_some() { std::process::exit(7); }\n    Ok(\"alive\".to_string())";
    let mut site = Site::migrated("crash").with_probe(body);
    site.serve();
    site.get("/probe/").assert(200, "alive");
    assert_eq!(site.get("/probe/?crash=1").status, 502);
    let page = site.visit("/probe/");
    page.assert(500, "The program has ended");
    assert!(
        page.body.contains("exit status: 7") && page.body.contains("Start the program again"),
        "{}",
        page.body
    );
    let token = page.body.split("name=\"token\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    let origin = format!("Origin: http://127.0.0.1:{}\r\n", site.port);
    let form = format!("token={}", token.expect("a token"));
    let done = site.send("POST", "/__nuages/restart?next=/probe/", &origin, &form);
    assert_eq!(done.status, 303, "{}", done.body);
    assert!(done.head.contains("location: /probe/"), "{}", done.head);
    site.get("/probe/").assert(200, "alive");
}
