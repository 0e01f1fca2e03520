//! smoke
use protod::Schema;
#[test]
fn smoke() {
    let schema = Schema::load("proto").unwrap();
    println!(
        "{:?} {:?} {:?}",
        schema.files().iter().map(|f| &f.name).collect::<Vec<_>>(),
        schema.watch_paths(),
        schema.input_folders()
    );
    for p in std::env::var("TREES")
        .unwrap_or_default()
        .split(':')
        .filter(|p| !p.is_empty())
    {
        let t = std::time::Instant::now();
        match Schema::load(p) {
            Ok(s) => println!(
                "{p}: {} files {} methods in {:?}",
                s.files().len(),
                s.methods().len(),
                t.elapsed()
            ),
            Err(e) => {
                println!("{p}: {} problems in {:?}", e.problems().len(), t.elapsed());
                for x in e.problems().iter().take(20) {
                    println!("  {x:?}");
                }
            }
        }
    }
}
