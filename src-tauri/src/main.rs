fn main(){ trusty_bar::run() }
