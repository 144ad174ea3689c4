# Python runs this at its start. It gives SecantusDB what mongod has by `transactionLifetimeLimitSeconds`: after how long a
# transaction ends whose client has gone.
import os

seconds = os.environ.get("TRANSACTION_LIFETIME_SECONDS")
if seconds:
    from secantus.transactions import TransactionRegistry

    made = TransactionRegistry.__init__

    def shorter(self, *given, **named):
        named["lifetime_seconds"] = float(seconds)
        made(self, *given, **named)

    TransactionRegistry.__init__ = shorter
