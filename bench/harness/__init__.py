"""What `script/bench` is made of: processes, proxies, figures, report."""
