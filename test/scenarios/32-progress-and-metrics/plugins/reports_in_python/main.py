"""Says how far it is far more often than anybody can read, and counts rows by table."""
from gantry import metric, progress, run


def handle(request):
    for done in range(1, 501):
        progress(done, 500, "row \x1b[31m%d" % done)
    metric("rows_read", 3, table="orders")
    metric("rows_read", 500, table="orders")
    metric("rows_read", 2, table="users")
    metric("Not A Name", 1)
    return {}


run(handle)
