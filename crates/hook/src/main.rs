//! The program `trusty-hook`: `trusty-hook [ask] <event>`, `trusty-hook keep <record>` and
//! `trusty-hook try`.

fn main() {
    trusty_hook::run(std::env::args_os().skip(1));
}
