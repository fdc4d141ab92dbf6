//! `trusty-hook [ask] <event>`, and `trusty-hook keep <record>`.

fn main() {
    trusty_hook::run(std::env::args_os().skip(1));
}
