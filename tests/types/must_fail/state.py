"""A key's value has the key's type."""

from anysocket import Application, Key, WebSocketRequest


class Database:
    def query(self) -> str:
        return ""


DATABASE = Key[Database]("database")
LIMIT = Key[int]("limit")
UNNAMED = Key[int]()  # not a mistake: it is a str
NUMBER = Key[int](1, 2, 3, 4)  # error

app = Application()
app.state[DATABASE] = "postgres://"  # error
app.state[LIMIT] = "10"  # error
app.state[LIMIT] = None  # error
app.state["limit"] = 10  # error
app.state.limit = 10  # error
app.state = {}  # error


def reads(request: WebSocketRequest) -> str:
    request.state[DATABASE].execute()  # error
    limit: str = request.state[LIMIT]  # error
    print(limit)
    request.state[DATABASE] = Database  # error
    request.state["motto"].upper()  # error
    print(request.state.limit)  # error
    print(request.state[1])  # error
    del request.state[LIMIT]  # error
    request.session.user = 1  # error
    request.session["user"].upper()  # error
    request.scope["path"] = "/"  # error
    return request.state[LIMIT]  # error
