# docker build -t rematch . && docker run --rm -v "$PWD/results:/project/results" rematch --cores 8
# With data of your own: -v "$PWD/data:/project/data" -v "$PWD/mine.yaml:/project/mine.yaml", and
# --configfile mine.yaml after the name. With --user "$(id -u)" results are yours.
FROM python:3.12-slim

RUN apt-get update \
    && apt-get install -y --no-install-recommends git make \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /project

# torch first: the other packages then take the build that is there.
COPY requirements.txt requirements.lock ./
RUN pip install --no-cache-dir -c requirements.lock "$(grep -E '^torch==' requirements.txt)" \
    && pip install --no-cache-dir -c requirements.lock -r requirements.txt

COPY . .
# Whoever runs it may have any number, and no home.
RUN mkdir -p results .snakemake && chmod -R a+rwX /project
ENV HOME=/project/.home
USER 1000

ENTRYPOINT ["snakemake"]
CMD ["--cores", "all"]
