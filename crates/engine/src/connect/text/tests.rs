use super::*;
use std::path::Path;

fn entries() -> Entries {
    Entries::of(Path::new("/data/it's mine/trusty/bin/trusty-hook")).expect("text")
}

#[test]
fn tryout() {
    for t in [
        "{}",
        "",
        "{\"a\":1}",
        "{\n\t\"a\": 1,\n\t\"hooks\": {\n\t\t\"Stop\": []\n\t}\n}\n",
        "{\r\n  // c\r\n  \"hooks\": {}, // d\r\n}\r\n",
        "{\n  \"hooks\": {\n    \"PreToolUse\": [\n      {\n        \"matcher\": \"Bash\",\n        \"hooks\": [\n          {\n            \"type\": \"command\",\n            \"command\": \"x\"\n          }\n        ]\n      }\n    ]\n  },\n  \"z\": 1\n}",
    ] {
        let w = with(t, &entries()).expect("fits");
        println!("{}\n----", &w[..w.len().min(1500)]);
        assert_eq!(holds(&w, &entries()), Ok(Holds::All));
        let back = without(&w, None, &entries()).expect("fits");
        println!("{back:?}\n{t:?}");
    }
}
