use shma_core::ShmState;

type Eight<T> = [[[[[[[[T; 1]; 1]; 1]; 1]; 1]; 1]; 1]; 1];
type Most = Eight<Eight<Eight<Eight<Eight<Eight<Eight<Eight<u8>>>>>>>>;

#[derive(ShmState)]
struct Deep {
    most: Most,
    more: [Most; 3],
}

fn main() {}
